"""What `/metrics` tells Prometheus: counts and ages, never who."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

INBOUND = Counter("popround_inbound_total", "Messages that came in", ["what"])
HANDLED = Counter("popround_handled_total", "Messages that had their effect", ["how"])
SENDS = Counter("popround_sends_total", "Calls to providers", ["channel", "outcome"])
ENDED = Counter("popround_messages_ended_total", "Messages with a final state", ["channel", "how"])
SEGMENTS = Counter("popround_segments_total", "Parts of texts that were charged", ["channel"])
SEND_SECONDS = Histogram("popround_send_seconds", "How long a provider took", ["channel"])
DUE = Counter("popround_due_total", "Moments that were seen to", ["kind", "how"])
REPAIRED = Counter(
    "popround_repaired_total", "Things found without a next step, and given one", ["what", "how"]
)
AUDITED = Gauge("popround_audit_time_seconds", "When all was last looked at, in seconds of 1970")
ASIDE = Counter("popround_set_aside_total", "Messages that were left unanswered", ["why"])
NOT_TEXTED = Counter("popround_not_texted_total", "Texts that such a number never gets", ["why"])
HELD = Counter("popround_held_total", "Texts held back at a group's daily cap", ["priority"])
WAITING_IN = Gauge("popround_inbox_waiting", "Messages that wait to be handled")
WAITING_OUT = Gauge("popround_outbox_waiting", "Messages that wait to go", ["priority"])
OLDEST_OUT = Gauge(
    "popround_outbox_oldest_seconds", "How long the oldest that may go has waited", ["priority"]
)
PACE = Gauge("popround_pace", "What a channel allows itself a second just now", ["channel"])
WEBHOOKS = Counter("popround_webhooks_total", "Webhook calls", ["route", "status"])
