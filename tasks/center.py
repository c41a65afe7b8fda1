"""The model center as a Prefect task: one endpoint for many models, of images and of videos."""

from tasks.declare import paid_task

model_center = paid_task("model_center", "/v2/model-center/tasks", "image or video")
