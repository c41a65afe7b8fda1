"""The cloning of voices, and speech, as Prefect tasks."""

from tasks.declare import paid_task

voice_clone = paid_task("voice_clone", "/v1/soundCloning/clones", "voice")
speech = paid_task("speech", "/v1/soundCloning/audios", "audio")
