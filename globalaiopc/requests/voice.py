"""Lip-sync, and voices: cloning one and speaking with it."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.requests.base import MediaRequest
from globalaiopc.requests.checks import check_among, check_plain, check_said, check_within

LANGUAGES = (
    *("auto", "Chinese", "Chinese,Yue", "English", "Arabic", "Russian", "Spanish", "French"),
    *("Portuguese", "German", "Turkish", "Dutch", "Ukrainian", "Vietnamese", "Indonesian"),
    *("Japanese", "Italian", "Korean", "Thai", "Polish", "Romanian", "Greek", "Czech", "Finnish"),
    "Hindi",
)
LANGUAGES_OF_V2 = (
    *("Bulgarian", "Danish", "Hebrew", "Malay", "Persian", "Slovak", "Swedish", "Croatian"),
    *("Filipino", "Hungarian", "Norwegian", "Slovenian", "Catalan", "Nynorsk", "Tamil"),
    "Afrikaans",
)
EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral")


class DigitalHumanRequest(MediaRequest):
    """POST /v1/digitalHuman/videos (docs: digital-human-create): a video's lips follow an audio.

    `audioUrl` (MP4, MP3, WAV, M4A, AAC) and `videoUrl` are public URLs without Chinese characters.
    `modelVersion` 1 (clearer teeth, for close-ups) or 2 (better in step, advised); `sideFace` and
    `tiltedFace` 0 or 1. The page's one model is `kyy_digitalHuman`; an integrator sends
    `digitalHuman`. There is no prompt.
    """

    endpoint: ClassVar[str] = "digital_human"
    path: ClassVar[str] = "/v1/digitalHuman/videos"
    spelling: ClassVar[Mapping[str, str]] = {"videos": "videoUrl", "audios": "audioUrl"}
    prompt_field: ClassVar[str] = ""

    model: str = "kyy_digitalHuman"
    audioUrl: str = Field(default="", repr=False)
    videoUrl: str = Field(default="", repr=False)
    modelVersion: int | None = None
    sideFace: int | None = None
    tiltedFace: int | None = None

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        for field in ("audioUrl", "videoUrl"):
            check_said(getattr(self, field), field)
            check_plain(getattr(self, field), field)
        check_among(self.modelVersion, (1, 2), "modelVersion")
        check_among(self.sideFace, (0, 1), "sideFace")
        check_among(self.tiltedFace, (0, 1), "tiltedFace")
        return self


class SoundRequest(MediaRequest):
    """What cloning and speaking share.

    `soundVersion` v1 (when not said; 24 languages) or v2 (40); `language` by its English name, auto
    when it is not said. The documented bodies hold no model, as each path has one; another name
    than that one is sent.
    """

    prompt_field: ClassVar[str] = "contentText"
    only_model: ClassVar[str]

    contentText: str = ""
    soundVersion: str | None = None
    language: str | None = None

    @model_validator(mode="after")
    def _can_be_spoken(self) -> Self:
        check_among(self.soundVersion, ("v1", "v2"), "soundVersion")
        of_v2 = LANGUAGES_OF_V2 if self.soundVersion == "v2" else ()
        if self.language in LANGUAGES_OF_V2 and not of_v2:
            raise InvalidRequest(
                f"{self.language} is spoken by soundVersion v2 only.", field="language"
            )
        check_among(self.language, (*LANGUAGES, *of_v2), "language")
        return self

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        body = super().body()
        return body if self.model != self.only_model else self._without_model(body)

    def _without_model(self, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return {name: value for name, value in body.items() if name != "model"}


class VoiceCloneRequest(SoundRequest):
    """POST /v1/soundCloning/clones (docs: sound-clone-create): a voice's id and a preview.

    `fileUrl`: a public URL without Chinese characters, of an audio (MP3, OGG, WAV, M4A, AAC) or a
    video (MP4, AVI, MOV, MKV, FLV) with more than 15 and less than 60 s of speech. `contentText` is
    what the preview says, under 270 Chinese characters; there is a built-in text. The id (the
    result's `modelId`) lives 3 days, and for ever once it has spoken.
    """

    endpoint: ClassVar[str] = "voice_clone"
    path: ClassVar[str] = "/v1/soundCloning/clones"
    spelling: ClassVar[Mapping[str, str]] = {"audios": "fileUrl"}
    needs_prompt: ClassVar[bool] = False
    only_model: ClassVar[str] = "soundCloningClone"

    model: str = "soundCloningClone"
    fileUrl: str = Field(default="", repr=False)

    @model_validator(mode="after")
    def _can_be_cloned(self) -> Self:
        check_said(self.fileUrl, "fileUrl")
        check_plain(self.fileUrl, "fileUrl")
        return self


class SpeechRequest(SoundRequest):
    """POST /v1/soundCloning/audios (docs: sound-clone-audio-create): speech in a cloned voice.

    `modelId` is the voice. `contentText`: under 10,000 characters, pauses as `<#1.5#>` (0.01 to
    99.99 s). `emotion` happy, sad, angry, fearful, disgusted, surprised, neutral (when not said);
    `speed` 0.5 to 2; `vol` above 0, up to 10; `pitch` -12 to 12, whole; `subtitleEnable` adds
    subtitles by sentence, by word with `subtitleType` "word".
    """

    endpoint: ClassVar[str] = "speech"
    path: ClassVar[str] = "/v1/soundCloning/audios"
    spelling: ClassVar[Mapping[str, str]] = {"voice": "modelId"}
    only_model: ClassVar[str] = "soundCloningAudio"

    model: str = "soundCloningAudio"
    modelId: str = ""
    emotion: str | None = None
    speed: float | None = None
    vol: float | None = None
    pitch: int | None = None
    subtitleEnable: bool | None = None
    subtitleType: str | None = None

    @model_validator(mode="after")
    def _can_be_said(self) -> Self:
        check_said(self.modelId, "modelId")
        check_among(self.emotion, EMOTIONS, "emotion")
        check_within(self.speed, 0.5, 2, "speed")
        check_within(self.vol, 0, 10, "vol")
        if self.vol == 0:
            raise InvalidRequest("vol is above 0, up to 10.", field="vol", allowed="above 0 to 10")
        check_within(self.pitch, -12, 12, "pitch")
        check_among(self.subtitleType, ("word",), "subtitleType")
        return self
