"""The talking head, the cloning of voices and speech. Source: the provider's pages."""

from __future__ import annotations

from sandbox.endpoints.shape import (
    Endpoint,
    Limits,
    Spelling,
    between,
    either,
    one_of,
    switch,
    web_url,
)

_BOTH_VERSIONS = (
    *("auto", "Chinese", "Chinese,Yue", "English", "Arabic", "Russian", "Spanish", "French"),
    *("Portuguese", "German", "Turkish", "Dutch", "Ukrainian", "Vietnamese", "Indonesian"),
    *("Japanese", "Italian", "Korean", "Thai", "Polish", "Romanian", "Greek", "Czech", "Finnish"),
    "Hindi",
)
ONLY_V2 = (
    *("Bulgarian", "Danish", "Hebrew", "Malay", "Persian", "Slovak", "Swedish", "Croatian"),
    *("Filipino", "Hungarian", "Norwegian", "Slovenian", "Catalan", "Nynorsk", "Tamil"),
    "Afrikaans",
)
_LANGUAGE = one_of(*_BOTH_VERSIONS, *ONLY_V2)
_VERSION = one_of("v1", "v2")

DIGITAL_HUMAN = Endpoint(
    name="digital_human",
    path="/v1/digitalHuman/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(prompt="", videos=either("videoUrl"), audios=either("audioUrl")),
    default_model="kyy_digitalHuman",
    required=("audioUrl", "videoUrl"),
    extras={
        "audioUrl": web_url(chinese=False),
        "videoUrl": web_url(chinese=False),
        "modelVersion": one_of(1, 2),
        "sideFace": one_of(0, 1),
        "tiltedFace": one_of(0, 1),
    },
)

VOICE_CLONE = Endpoint(
    name="voice_clone",
    path="/v1/soundCloning/clones",
    kind="audio",
    id_prefix="",
    id_form="32",
    created_object="audio",
    result_object="audio",
    url_fields=("audioUrl",),
    spelling=Spelling(prompt="contentText", audios=either("fileUrl")),
    default_model="soundCloningClone",
    required=("fileUrl",),
    extras={
        "fileUrl": web_url(chinese=False),
        "soundVersion": _VERSION,
        "language": _LANGUAGE,
    },
    limits={"audio": Limits(seconds=(15, 60))},
    sound_type="wav",
)

SPEECH = Endpoint(
    name="speech",
    path="/v1/soundCloning/audios",
    kind="audio",
    id_prefix="",
    id_form="32",
    created_object="audio",
    result_object="audio",
    url_fields=("audioUrl",),
    spelling=Spelling(prompt="contentText"),
    default_model="soundCloningAudio",
    required=("modelId", "contentText"),
    extras={
        "soundVersion": _VERSION,
        "language": _LANGUAGE,
        "emotion": one_of("happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral"),
        "speed": between(0.5, 2),
        "vol": between(0, 10, above=True),
        "pitch": between(-12, 12),
        "subtitleEnable": switch(),
        "subtitleType": one_of("word"),
    },
)

VOICES = (DIGITAL_HUMAN, VOICE_CLONE, SPEECH)
