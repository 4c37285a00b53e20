"""The gate: pure, total, in words people can act on, and the only maker of permits."""

import inspect
import itertools
import json
import random
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain import gate, ids
from domain.channels.base import Outgoing
from domain.gate import CODES, Facts, Permit, SenderState, decide, permit, refusal

NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)
FINE = Facts(
    message_id=UUID("01930000-0000-7000-8000-000000000001"),
    channel="text",
    kind="one_to_one",
    to="+15205550117",
    address_valid=True,
    opted_out=False,
    stage="contacted",
    plan_has_messaging=True,
    connected=True,
    sender="4693435745845248",
    sender_state=SenderState.LINKED,
)
STAGES = ("not_contacted", "contacted", "appointed", "acquired", "pass", "dnc", "a stage of tomorrow")

FACTS = some.builds(
    Facts,
    message_id=some.one_of(some.none(), some.uuids()),
    channel=some.just("text"),
    kind=some.sampled_from(sorted(gate.EVERY_KIND)),
    to=some.sampled_from(["", "+15205550117", "not a number"]),
    address_valid=some.booleans(),
    opted_out=some.booleans(),
    stage=some.sampled_from(STAGES),
    plan_has_messaging=some.booleans(),
    connected=some.booleans(),
    sender=some.sampled_from(["", "4693435745845248"]),
    sender_state=some.sampled_from([str(state) for state in SenderState]),
    files=some.just(()),
    not_before=some.none(),
    missing=some.lists(some.sampled_from(["vehicle.trim", "seller.city"]), unique=True).map(tuple),
    blocked=some.booleans(),
    dnc=some.booleans(),
    late=some.booleans(),
    confirms=some.booleans(),
    over_quota=some.one_of(some.none(), some.just(datetime(2026, 11, 25, 5, tzinfo=UTC))),
)


# Of each code the one fact that alone makes it stand.
STANDING = {
    "tier": {"plan_has_messaging": False},
    "no_permission": {"may_send": False},
    "hidden": {"hidden": True},
    "dealership_reported": {"reported": True, "hidden": True},
    "stage_dnc": {"stage": "dnc"},
    "stage_pass": {"stage": "pass"},
    "source_not_messageable": {"source_messageable": False},
    "facebook_without_phone": {"facebook_without_phone": True},
    "no_contact": {"to": ""},
    "phone_invalid": {"address_valid": False},
    "email_invalid": {"address_valid": False, "channel": "email"},
    "phone_landline": {"landline": True},
    "phone_untextable": {"untextable": True},
    "phone_blocked": {"blocked": True},
    "phone_dnc": {"dnc": True},
    "opted_out": {"opted_out": True},
    "duplicate_recipient": {"duplicate": True},
    "outside_window": {"window_open": False},
    "recent_contact": {"recent_contact": "Ben wrote to this seller about the Honda Civic on March 3."},
    "frequency_cap": {"automatic_today": gate.MOST_AUTOMATIC},
    "review_open": {"review_open": True},
    "no_connection": {"connected": False},
    "sender_not_linked": {"sender_state": "unlinked"},
    "sender_without_number": {"sender_state": "no_number"},
    "over_quota": {"over_quota": datetime(2026, 11, 25, 5, tzinfo=UTC)},
    "first_contacts": {"turn": datetime(2026, 11, 24, 17, tzinfo=UTC)},
    "no_postal_address": {"without_postal_address": True, "channel": "email"},
    "missing_wildcard": {"missing": ("vehicle.trim",)},
    "attachment_unsupported": {"files": ("It is too large.",)},
    "too_long": {"too_long": True},
    "quiet_hours": {"not_before": NOW.replace(hour=20)},
    "expired": {"late": True},
}


def codes(facts: Facts) -> list[str]:
    return [refusal.code for refusal in decide(facts, NOW).refusals]


def outgoing(facts: Facts, **values: str) -> Outgoing:
    return Outgoing(**{"message_id": facts.message_id, "channel": facts.channel, "to": facts.to, "body": "Hi",
                       "sender": facts.sender, **values})  # fmt: skip


def test_where_nothing_stands_against_it_a_message_may_go():
    assert decide(FINE, NOW).allowed


@pytest.mark.parametrize(
    ("fact", "value", "code"),
    [
        ("plan_has_messaging", False, "tier"),
        ("stage", "dnc", "stage_dnc"),
        ("stage", "pass", "stage_pass"),
        ("to", "", "no_contact"),
        ("address_valid", False, "phone_invalid"),
        ("opted_out", True, "opted_out"),
        ("connected", False, "no_connection"),
        ("sender_state", "unlinked", "sender_not_linked"),
        ("sender_state", "no_number", "sender_without_number"),
        ("missing", ("vehicle.trim",), "missing_wildcard:vehicle.trim"),
    ],
)
def test_each_fact_alone_is_refused_with_its_code(fact, value, code):
    assert codes(FINE._replace(**{fact: value})) == [code]


def test_a_sender_that_could_not_be_asked_just_now_refuses_nothing_yet():
    assert codes(FINE._replace(sender_state="unchecked", sender="")) == []


def test_all_reasons_are_given_in_the_order_to_mend_them():
    worst = FINE._replace(plan_has_messaging=False, stage="dnc", to="", connected=False, missing=("a.b", "c.d"))
    assert codes(worst) == [
        "tier",
        "stage_dnc",
        "no_contact",
        "no_connection",
        "missing_wildcard:a.b",
        "missing_wildcard:c.d",
    ]


@given(FACTS)
def test_the_gate_always_decides_and_the_same_facts_get_the_same_answer(facts):
    first, second = decide(facts, NOW), decide(facts._replace(), NOW)
    assert first == second
    assert first.allowed == (first.refusals == ())
    assert all(each.message and each.next_step for each in first.refusals)
    assert len({each.code for each in first.refusals}) == len(first.refusals)


@given(FACTS)
def test_one_more_reason_never_makes_a_refused_message_go(facts):
    before = decide(facts, NOW)
    for worse in (facts._replace(opted_out=True), facts._replace(stage="dnc"), facts._replace(connected=False)):
        if not before.allowed:
            assert not decide(worse, NOW).allowed


@given(FACTS.filter(lambda facts: facts.to and facts.address_valid))
def test_to_somebody_who_opted_out_nothing_goes_but_the_answer_to_that_very_opt_out(facts):
    facts = facts._replace(opted_out=True)
    if decide(facts, NOW).allowed:
        assert (facts.kind, facts.confirms, facts.late, facts.blocked, facts.dnc) == ("answer", True, *[False] * 3)


ANSWER = FINE._replace(kind="answer", opted_out=True, confirms=True)


def test_the_answer_to_an_opt_out_goes():
    assert decide(ANSWER, NOW).allowed
    assert codes(ANSWER._replace(confirms=False)) == ["opted_out"]
    for kind in gate.EVERY_KIND - {"answer"}:
        assert "opted_out" in codes(ANSWER._replace(kind=kind))


@pytest.mark.parametrize(
    ("fact", "value", "code"),
    [
        ("blocked", True, "phone_blocked"),
        ("dnc", True, "phone_dnc"),
        ("stage", "dnc", "stage_dnc"),
        ("reported", True, "dealership_reported"),
        ("late", True, "expired"),
        ("connected", False, "no_connection"),
        ("plan_has_messaging", False, "tier"),
        ("sender_state", "unlinked", "sender_not_linked"),
        ("sender_state", "no_number", "sender_without_number"),
    ],
)
def test_whatever_else_stands_against_it_keeps_the_answer_back(fact, value, code):
    assert codes(ANSWER._replace(**{fact: value})) == [code]


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("stage", "pass"),
        ("hidden", True),
        ("source_messageable", False),
        ("not_before", datetime(2026, 11, 25, 14, tzinfo=UTC)),
        ("review_open", True),
        ("automatic_today", 3),
    ],
)
def test_neither_the_vehicle_nor_the_hour_keeps_back_the_answer_to_what_somebody_just_wrote(fact, value):
    assert decide(ANSWER._replace(**{fact: value}), NOW).allowed
    assert not decide(ANSWER._replace(kind="automated", confirms=False, opted_out=False, **{fact: value}), NOW).allowed


def test_an_answer_that_is_too_late_says_so_in_its_own_words():
    assert [each.message for each in decide(ANSWER._replace(late=True), NOW).refusals] == [gate.TOO_LATE]


@pytest.mark.parametrize("channel", ["text", "email", "form", "facebook", "kijiji"])
@pytest.mark.parametrize("code", CODES)
def test_each_code_has_a_sentence_and_a_next_step(code, channel):
    said = refusal(code, "vehicle.trim" if code == "missing_wildcard" else "", channel)
    for words in (said.message, said.next_step):
        assert words
        assert words[0].isupper() or words.startswith("{{")
        assert "_" not in words
    assert said.next_step.endswith(".")
    assert CODES[code].kinds <= gate.EVERY_KIND


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("kind", sorted(gate.EVERY_KIND))
def test_what_a_code_does_to_a_kind_of_message_is_told_before_it_stands(code, kind):
    decision = decide(FINE._replace(kind=kind, **STANDING[code]), NOW)
    told = [each.code.split(":")[0] for each in decision.refusals], [each.code for each in decision.warnings]
    expected = {"refuses": ([code], []), "waits": ([code], []), "warns": ([], [code]), "": ([], [])}
    assert told == expected[gate.effect(code, kind)]
    assert (decision.defer_until is not None) == (gate.effect(code, kind) == "waits")


def test_a_used_up_day_puts_off_what_leaves_by_itself_and_a_person_hears_another_next_step():
    over = FINE._replace(over_quota=datetime(2026, 11, 25, 5, tzinfo=UTC))
    by_hand = decide(over, NOW)
    assert (by_hand.allowed, by_hand.defer_until) == (False, None)
    assert by_hand.first.next_step == "Schedule it for tomorrow, or let a colleague send it."
    night = datetime(2026, 11, 25, 14, tzinfo=UTC)
    for kind in gate.BY_ITSELF:
        waiting = decide(over._replace(kind=kind), NOW)
        assert waiting.defer_until == over.over_quota
        assert waiting.first.next_step == "The rest goes tomorrow, or from another sender."
        assert decide(over._replace(kind=kind, not_before=night), NOW).defer_until == night
        assert decide(over._replace(kind=kind, opted_out=True), NOW).defer_until is None


def test_the_decision_of_a_used_up_day_can_be_kept():
    over = FINE._replace(over_quota=datetime(2026, 11, 25, 5, tzinfo=UTC))
    assert json.loads(json.dumps(decide(over, NOW).record()))["facts"]["over_quota"] == "2026-11-25T05:00:00+00:00"


def test_a_sender_without_an_account_hears_exactly_the_known_words():
    assert refusal("sender_not_linked").message == "No Dialpad account found"
    assert refusal("no_connection").message == (
        "You need an active DialPad connection to use this feature. Click here to connect."
    )


def test_the_decision_can_be_kept_as_it_was():
    record = decide(FINE._replace(opted_out=True), NOW).record()
    assert record["codes"] == ["opted_out"]
    assert record["at"] == NOW.isoformat()
    assert record["facts"]["message_id"] == str(FINE.message_id)


# Permits


def test_only_an_allowed_message_gets_a_permit():
    assert isinstance(permit(decide(FINE, NOW)), Permit)
    with pytest.raises(PermissionError):
        permit(decide(FINE._replace(opted_out=True), NOW))
    with pytest.raises(PermissionError):  # what a window asks is no message yet
        permit(decide(FINE._replace(message_id=None), NOW))


def test_nobody_but_the_gate_makes_a_permit():
    decision = decide(FINE, NOW)
    for maker in (None, object(), gate, "gate", decision):
        with pytest.raises(TypeError):
            Permit(maker, decision)


def test_a_permit_is_used_once():
    given_permit = permit(decide(FINE, NOW))
    given_permit.spend(outgoing(FINE))
    with pytest.raises(PermissionError):
        given_permit.spend(outgoing(FINE))


@pytest.mark.parametrize(
    ("field", "value"),
    [("to", "+15205550118"), ("sender", "4711"), ("channel", "email"), ("message_id", ids.new())],
)
def test_a_permit_for_another_address_sender_channel_or_message_is_refused_and_stays_unused(field, value):
    given_permit = permit(decide(FINE, NOW))
    with pytest.raises(PermissionError):
        given_permit.spend(outgoing(FINE, **{field: value}))
    given_permit.spend(outgoing(FINE))


def test_ten_thousand_decisions_do_no_input_or_output():
    """Pure means cheap: no coroutine, no database, the same list twice."""
    assert not inspect.iscoroutinefunction(decide)
    chance = random.Random(3)
    facts = [
        FINE._replace(stage=chance.choice(STAGES), opted_out=chance.random() < 0.1, kind=kind)
        for kind in itertools.islice(itertools.cycle(sorted(gate.EVERY_KIND)), 10_000)
    ]
    assert [codes(each) for each in facts] == [codes(each) for each in facts]


def test_other_channels_do_not_speak_of_phones_and_dialpad():
    for code in ("no_contact", "no_connection", "opted_out"):
        said = refusal(code, channel="email")
        assert "phone" not in said.message + said.next_step
        assert "Dialpad" not in said.message + said.next_step


def test_what_stands_against_a_file_is_said_in_its_own_words():
    decision = gate.decide(FINE._replace(files=("“front.jpg” is too large.", "These are too many.")), NOW)
    assert [each.code for each in decision.refusals] == ["attachment_unsupported"] * 2
    assert decision.refusals[0].message == "“front.jpg” is too large."
    assert not decision.allowed


def test_only_texts_need_a_sender_of_their_own():
    facts = FINE._replace(channel="email", to="dana@mail.example", sender="", sender_state="unlinked")
    assert gate.decide(facts, NOW).allowed
