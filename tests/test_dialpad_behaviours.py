"""What texting through Dialpad has to do, behaviour by behaviour, and the tests that show each."""

import ast
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LATER = "later: automations and sequences come with an issue of their own"

# number -> what it is, and the tests: file, then names.
BEHAVIOURS: dict[int, tuple[str, dict[str, tuple[str, ...]] | str]] = {
    1: (
        "the signed-in user's email is matched with a Dialpad account, and only then may they send",
        {
            "domain/channels/test_dialpad.py": (
                "test_a_sender_is_found_by_email_whatever_its_case",
                "test_a_filter_that_answers_with_someone_else_finds_no_sender",
                "test_a_user_who_is_not_active_is_no_sender",
            ),
            "web/test_sends.py": ("test_a_person_without_an_account_at_dialpad_is_told_so",),
            "web/test_app_pages.py": ("test_everybody_sees_as_whom_they_are_linked_and_looks_again",),
        },
    ),
    2: (
        "a click on a number offers Text; the window shows To, From (the user's email), template, Send and Schedule",
        {
            "web/test_sends.py": (
                "test_the_window_names_whom_from_whom_and_to_which_number",
                "test_the_number_that_was_clicked_is_the_one_it_goes_to",
            ),
            "web/test_schedules.py": ("test_with_a_date_send_becomes_schedule_and_says_both_clocks",),
        },
    ),
    3: (
        "a template that is picked comes with its blanks filled in",
        {"web/test_sends.py": ("test_a_template_comes_filled_in_and_typed_text_is_never_written_over_unasked",)},
    ),
    4: (
        "it leaves from the linked user's account and number",
        {
            "domain/test_delivery.py": ("test_an_accepted_message_keeps_who_has_it_and_from_which_number_it_left",),
            "domain/channels/test_dialpad.py": ("test_a_sender_that_is_no_user_id_is_refused_before_the_call",),
        },
    ),
    5: (
        "records are filtered, ticked and texted at once",
        {
            "web/test_batches.py": (
                "test_the_ticked_ones_are_chosen_and_the_window_says_how_many",
                "test_all_on_the_page_and_all_that_match_can_be_ticked_without_a_script",
            )
        },
    ),
    6: (
        "in bulk, which number field is chosen, Mobile at first",
        {"domain/test_batches.py": ("test_the_chosen_number_counts_and_no_other",)},
    ),
    7: (
        "in bulk the wording shows its blanks, and each recipient gets a message of their own",
        {
            "web/test_batches.py": ("test_a_template_brings_its_words_with_their_blanks_and_asks_before_it_replaces",),
            "domain/test_batches.py": ("test_each_recipient_is_a_message_and_together_they_are_the_selection",),
        },
    ),
    8: (
        "a filled-in text can be longer than its template, and the page says so",
        {"web/test_batches.py": ("test_the_preview_counts_the_segments_and_says_that_a_filled_in_text_can_be_longer",)},
    ),
    9: (
        "one or many can be scheduled: date, time and time zone",
        {
            "domain/test_schedules.py": ("test_a_plan_waits_with_its_wording_and_its_clock",),
            "domain/test_batches.py": ("test_all_leave_at_the_moment_it_was_planned_for",),
        },
    ),
    10: (
        "at its time the account is checked again, and one that is gone fails it with exactly that sentence",
        {
            "domain/test_schedules.py": (
                "test_a_sender_who_is_gone_from_the_provider_fails_it_with_the_exact_sentence",
            ),
            "domain/test_delivery.py": (
                "test_an_account_that_is_gone_at_the_hour_fails_with_exactly_the_known_words",
                "test_the_sender_of_what_leaves_by_itself_is_asked_for_when_its_time_has_come",
            ),
        },
    ),
    11: (
        "any other error of Dialpad's stands on the message in its words",
        {
            "domain/channels/test_dialpad.py": ("test_a_refusal_is_shown_in_dialpads_words",),
            "domain/test_delivery.py": ("test_a_refusal_for_good_fails_in_the_providers_words",),
        },
    ),
    12: ("an automation sends a text from a user with a Dialpad account", LATER),
    13: (
        "not connected, or not in the plan: the window leads to the app's page, and Install opens the upgrade notice",
        {
            "web/test_sends.py": ("test_without_a_connection_the_sentence_leads_to_the_dialpad_page",),
            "web/test_app_pages.py": ("test_install_opens_the_upgrade_notice_where_the_plan_has_no_such_app",),
        },
    ),
    14: (
        "no files go along unless the connection says so",
        {
            "domain/channels/test_dialpad.py": (
                "test_files_go_along_only_where_the_connection_says_so",
                "test_a_file_dialpad_does_not_take_stops_the_text_before_any_call",
            )
        },
    ),
    15: ("no step of a sequence texts through Dialpad", LATER),
    16: (
        "in bulk an opt-out line goes along, on at first",
        {"domain/test_batches.py": ("test_from_five_hundred_texts_a_day_on_the_opt_out_line_stays_on_until_midnight",)},
    ),
    17: (
        "from 500 texts a day by one sender on it is locked on until the next day",
        {
            "domain/test_batches.py": (
                "test_from_five_hundred_texts_a_day_on_the_opt_out_line_stays_on_until_midnight",
            ),
            "web/test_batches.py": ("test_the_opt_out_line_is_locked_with_the_reason_after_many_texts",),
        },
    ),
    18: (
        "sending puts it into a queue, and a worker does the rest",
        {"domain/test_composing.py": ("test_a_text_leaves_after_the_undo_window_with_its_final_words",)},
    ),
    19: (
        "out of credit, the rest of the batch fails and who started it gets an email",
        {
            "domain/test_batches.py": ("test_out_of_credit_fails_the_rest_and_writes_to_who_started_it",),
            "domain/channels/test_dialpad.py": ("test_what_out_of_credit_looks_like_is_an_option",),
        },
    ),
    20: (
        "the words that mean stop, whatever their case",
        {"domain/test_opt_out_words.py": ("test_an_exact_word_always_stops",)},
    ),
    21: (
        "an opt-out is marked at the number and told in the history",
        {"domain/test_inbox.py": ("test_a_word_that_means_stop_cancels_all_that_has_not_left_to_that_number",)},
    ),
    22: (
        "later batches skip them with the reason Unsubscribed from Text",
        {"domain/test_delivery.py": ("test_a_batch_skips_who_opted_out_as_unsubscribed_from_text",)},
    ),
    23: ("automations fail with Text Unsubscribed, and sequences skip their text steps", LATER),
    24: (
        "START and UNSTOP lift it",
        {"domain/test_inbox.py": ("test_start_lifts_the_opt_out_by_the_sellers_own_word",)},
    ),
    25: (
        "what is typed in Dialpad itself joins the history, else it waits until a person links or discards it",
        {
            "domain/test_inbox.py": (
                "test_a_text_typed_in_the_providers_app_joins_the_history_marked_so",
                "test_a_number_nobody_knows_is_kept_for_the_unmatched_inbox",
            ),
            "domain/test_unmatched.py": ("test_the_others_of_the_same_sender_come_along_and_nobody_elses",),
            "web/test_unmatched.py": ("test_a_listing_made_from_it_begins_with_it",),
        },
    ),
}


@cache
def named_in(file: str) -> dict[str, ast.AST]:
    tree = ast.parse((HERE / file).read_text())
    return {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_all_twenty_five_are_there() -> None:
    assert sorted(BEHAVIOURS) == list(range(1, 26))


@pytest.mark.parametrize("number", BEHAVIOURS)
def test_each_is_shown_by_tests_that_are_there_or_comes_later(number: int) -> None:
    sentence, shown = BEHAVIOURS[number]
    assert sentence
    if isinstance(shown, str):
        assert shown == LATER
        assert number in (12, 15, 23)
        return
    gone = [f"{file}: {name}" for file, names in shown.items() for name in names if name not in named_in(file)]
    assert gone == []
