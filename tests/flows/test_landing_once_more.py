"""A medium whose first landing failed is looked for in the bucket by the next one."""

import pytest

from flows import landing
from flows.landing import landed
from ledger import Landed
from tasks import Bought, Studio
from tasks.landing import NotStored
from tasks.paid import buy
from tests.tasks.doubles import Bucket, Provider, fox, png, studio_for


async def test_what_the_first_try_put_into_the_bucket_is_not_fetched_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket = Bucket()
    studio = studio_for(Provider(), bucket)
    bought = await buy(studio, fox())
    assert bought.just_done
    real = landing.land.fn

    class Land:
        """The first try ends between the upload and its note."""

        name = "land"

        @staticmethod
        async def fn(studio: Studio, bought: Bought) -> Landed:
            await bucket.upload("b/fox/image.png", png("blue"), task_id=bought.task_id)
            raise NotStored("The bucket is away.")

        async def __call__(self, studio: Studio, bought: Bought) -> Landed:
            return await real(studio, bought)

    monkeypatch.setattr(landing, "land", Land())
    media = await landed(studio, bought)  # nothing answers at the medium's URL
    assert media.key == "b/fox/image.png"
    held = await studio.ledger.look(fox().key)
    assert held is not None
    assert held.receipt.state == "landed"
