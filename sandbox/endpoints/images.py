"""Nano Banana and GPT Image 2. Source: the provider's create and query pages."""

from __future__ import annotations

from sandbox.endpoints.shape import Endpoint, Spelling, either

NANO_BANANA = Endpoint(
    name="banana",
    catalogue_name="nano_banana",
    path="/v1/banana/images",
    kind="image",
    id_prefix="image_",
    id_form="24",
    created_object="nanobanana",
    result_object="image.generation",
    url_fields=("image_url",),
    spelling=Spelling(
        ratio=either("size"), resolution=either("resolution"), images=either("image_urls")
    ),
)

# `size` wins over `ratio` and `resolution` where both are given, as integrators saw.
GPT_IMAGE_2 = Endpoint(
    name="gpt_image_2",
    path="/v1/image2/images",
    kind="image",
    id_prefix="image_",
    created_object="image",
    result_object="image.generation",
    url_fields=("image_url",),
    spelling=Spelling(
        ratio=either("ratio"),
        resolution=either("resolution"),
        pixels=either("size"),
        quality=either("quality"),
        images=either("image_urls"),
    ),
)

IMAGES = (NANO_BANANA, GPT_IMAGE_2)
