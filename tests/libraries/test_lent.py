"""A server that one process started and others use: nobody but its lender removes or breaks it."""

import json

import pytest

from harness.environment import SharedEnvironment
from harness.lent import DESK, Offer
from harness.problems import EnvironmentFault
from harness.servers import Choice


@pytest.fixture(scope="module")
def lender():
    environment = SharedEnvironment()
    yield environment
    environment.remove()


@pytest.fixture
def offer(lender):
    return Offer.of(lender.start(Choice()), Choice())


@pytest.fixture
def borrower(offer, monkeypatch):
    """The environment of another process, as far as one process can play it: it removes nothing of the lender's run."""
    monkeypatch.setattr(DESK, "offer", offer)
    monkeypatch.setattr("harness.environment.cleanup.remove_run", lambda client, run: [])
    monkeypatch.setattr("harness.environment.cleanup.left_of", lambda client, run: [])
    told = []
    environment = SharedEnvironment(told.append)
    environment.told = told
    yield environment
    environment.remove()


def test_an_offer_survives_the_way_to_another_process_without_showing_its_secret(offer):
    arrived = Offer.from_message(json.loads(json.dumps(offer.as_message())))
    assert arrived == offer
    assert offer.secret_key not in repr(offer)


def test_a_borrowed_server_serves_and_outlives_whoever_borrowed_it(borrower, lender):
    server = borrower.start(Choice())
    assert server.endpoint_url == lender.server.endpoint_url
    assert all(proof.holds for proof in server.proofs())
    assert server.bucket()
    assert server.container.log()
    borrower.remove()
    assert all(proof.holds for proof in lender.server.proofs())


def test_a_borrowed_server_cannot_be_broken(borrower):
    with pytest.raises(EnvironmentFault, match="has no container of ours to do this with"):
        borrower.start(Choice()).require_container()


def test_who_wants_another_server_starts_one(borrower, lender):
    borrower.start_without_a_server()
    assert borrower.start(Choice()).endpoint_url != lender.server.endpoint_url
    borrower.remove()
    assert borrower.start(Choice()).endpoint_url == lender.server.endpoint_url


def test_an_offer_is_for_the_same_choice_alone(offer):
    assert offer.is_for(Choice())
    assert offer.is_for(Choice(name="minio"))
    assert not offer.is_for(Choice(name="seaweedfs"))
    assert not offer.is_for(Choice(image="another/image:1"))


def test_a_lent_server_that_is_gone_is_replaced_and_told(borrower, offer, monkeypatch):
    gone = Offer(**{**vars(offer), "container": "no-such-container"})
    monkeypatch.setattr(DESK, "offer", gone)
    server = borrower.start(Choice())
    assert server.endpoint_url != offer.endpoint_url
    assert "another one is started" in borrower.told[0]
