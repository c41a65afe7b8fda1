"""The image endpoints as Prefect tasks."""

from tasks.declare import paid_task

nano_banana = paid_task("nano_banana", "/v1/banana/images", "image")
gpt_image_2 = paid_task("gpt_image_2", "/v1/image2/images", "image")
