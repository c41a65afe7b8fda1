"""What the three asset libraries take and how each spells it.

Three generations, each with its own paths, shapes and words (docs: asset-management,
kyyvideo2-asset-*, sd2-manxue-asset-*; the third only seen by integrators):

    kyy_video2   Seedance 2.0       POST upload, GET detail, DELETE      asset://id
    sd2_manxue   SD2 Manxue audit   POST upload, POST status (batches)   asset://id
    seedance2    Seedance 2.x       POST upload, POST detail             assetId://id
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from globalaiopc.errors import InvalidRequest

AssetLibrary = Literal["kyy_video2", "sd2_manxue", "seedance2"]
AssetKind = Literal["image", "video", "audio", "document"]

_MEDIA: tuple[AssetKind, ...] = ("image", "video", "audio")


@dataclass(frozen=True, slots=True)
class Library:
    """One generation. `options` are the fields of an upload besides kind and URL."""

    scheme: str
    upload_path: str
    look_path: str
    kinds: tuple[AssetKind, ...]
    options: tuple[str, ...] = ()
    delete_path: str = ""


LIBRARIES: Mapping[AssetLibrary, Library] = {
    "kyy_video2": Library(
        scheme="asset",
        upload_path="/kyyVideo2/asset/upload",
        look_path="/kyyVideo2/asset/{id}",
        kinds=(*_MEDIA, "document"),
        options=("name",),
        delete_path="/kyyVideo2/asset/{id}",
    ),
    "sd2_manxue": Library(
        scheme="asset",
        upload_path="/asset/sd2Manxue/assetUpload",
        look_path="/asset/sd2Manxue/assetStatus",
        kinds=_MEDIA,
    ),
    "seedance2": Library(
        scheme="assetId",
        upload_path="/asset/seedance2/assetUpload",
        look_path="/asset/seedance2/assetDetail",
        kinds=_MEDIA,
        options=("name", "model"),
    ),
}


class AssetUpload(BaseModel):
    """What is asked of a library: take the medium at `url`, which the provider fetches itself.

    `url` must be public http or https and may be a presigned one (a secret: never shown).
    `name` is for the people who look at the library (not sd2_manxue). `model` is the model it is
    meant for, such as "sd_2.5" (seedance2 only, seen by integrators).
    Images jpeg, png, webp, bmp, tiff or gif, sd2_manxue: ratio 0.4 to 2.5 and sides of 300 to
    6000 px; videos 480p or 720p; audio wav or mp3 (docs).
    """

    model_config = ConfigDict(frozen=True)

    library: AssetLibrary
    url: str = Field(repr=False)
    kind: AssetKind
    name: str | None = None
    model: str | None = None

    @classmethod
    def of(cls, **asked: str | None) -> Self:
        """The upload that is asked for; `InvalidRequest` for what the library cannot take."""
        try:
            upload = cls.model_validate(asked)
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            # `from None`: the error's own text holds the URL.
            raise InvalidRequest(
                f"An asset's {wrong['loc'][0]}: {wrong['msg']}.", field=str(wrong["loc"][0])
            ) from None
        upload.check()
        return upload

    def check(self) -> None:
        """Raise `InvalidRequest` for what the library cannot take."""
        library = library_of(self.library)
        if not self.url.lower().startswith(("http://", "https://")):
            raise InvalidRequest(
                "An asset is uploaded by its web address.", field="url", allowed="http(s)://..."
            )
        if self.kind not in library.kinds:
            raise InvalidRequest(
                f"The library {self.library} takes no {self.kind}.",
                field="kind",
                allowed=", ".join(library.kinds),
            )
        for option in ("name", "model"):
            if getattr(self, option) is not None and option not in library.options:
                raise InvalidRequest(
                    f"The library {self.library} has no {option} for an asset.", field=option
                )

    def body(self) -> dict[str, JsonValue]:
        """The request as its library spells it."""
        if self.library == "sd2_manxue":
            return {f"{self.kind}Urls": [self.url]}
        body: dict[str, JsonValue] = {"assetType": self.kind.capitalize(), "url": self.url}
        options = {"name": self.name, "model": self.model}
        return body | {option: value for option, value in options.items() if value is not None}


def library_of(name: AssetLibrary) -> Library:
    """The library of this name, or `InvalidRequest`."""
    if name not in LIBRARIES:
        raise InvalidRequest(
            f"There is no asset library {name!r}.", field="library", allowed=", ".join(LIBRARIES)
        )
    return LIBRARIES[name]


def with_id(path: str, asset_id: str) -> str:
    """Ids are opaque: all of one is quoted. An empty one would name the library itself."""
    if not asset_id.strip():
        raise InvalidRequest("An asset id is missing.", field="asset_id")
    return path.format(id=quote(asset_id, safe=""))
