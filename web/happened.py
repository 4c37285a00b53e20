"""What happened to a listing besides messages, in a sentence of its history."""

from datetime import datetime
from typing import Any

from domain import stages
from web import filters

ICONS = {
    "stage": "circle-check",
    "assigned": "user-round",
    "opted_out": "ban",
    "opted_in": "check",
    "responded": "check-check",
    "dealership_reported": "store",
    "dealership_undone": "undo-2",
    "appointment": "calendar-clock",
    "appraised": "tag",
    "erased": "trash-2",
}
APPOINTMENTS = {
    "created": "Appointment planned for {}",
    "changed": "Appointment changed to {}",
    "cancelled": "Appointment of {} cancelled",
    "shown": "The seller came to the appointment of {}; noted",
    "no_show": "The seller did not come to the appointment of {}; noted",
}


def told(row: dict[str, Any], detail: dict[str, Any]) -> str:
    by = f" by {row['person']}" if row["person"] else ""
    if row["kind"] == "stage":
        return f"Stage set to {stages.label(detail.get('new', ''))}{by}"
    if row["kind"] == "assigned":
        return f"Assigned to {detail['name']}{by}" if detail.get("name") else f"Assigned to nobody{by}"
    if row["kind"] == "dealership_reported":
        return f"Hidden and passed: the seller was reported as a dealership{by}"
    if row["kind"] == "dealership_undone":
        return f"Shown again as {stages.label(detail.get('new', ''))}: the report as a dealership was taken back{by}"
    if row["kind"] == "appointment":
        return f"{APPOINTMENTS[detail['what']].format(_when(detail))}{by}"
    if row["kind"] == "appraised":
        return f"Appraised at {filters.money(detail['amount'], detail['currency'])}{by}"
    if row["kind"] == "opted_out":
        return f"{_whose(detail)} asked not to get {'emails' if '@' in _whose(detail) else 'texts'}"
    if row["kind"] == "opted_in":
        return f"{_whose(detail)} may be {'emailed' if '@' in _whose(detail) else 'texted'} again"
    if row["kind"] == "erased":
        return f"What was known of the seller was erased on request{by}"
    return f"{row['kind'].replace('_', ' ').capitalize()}{by}"


def _whose(detail: dict[str, Any]) -> str:
    """The number; of somebody who was erased nobody knows it any more."""
    return filters.phone(detail.get("address")) or "The seller"


def _when(detail: dict[str, Any]) -> str:
    at = datetime.fromisoformat(detail["at"])
    return f"{filters.day(at, detail['zone'])}, {filters.clock_time(at, detail['zone'])}"
