"""The two calls that every sandbox contains. All people, numbers and hosts are invented."""

from __future__ import annotations

import copy
import json
from typing import Any

EXAMPLE_CALL_ID = "be8b84ed-16d8-459e-b71c-b0f54fce5ec1"
"""Id of the example call in the vendor's documentation (openapi.yaml, ``Call.call_id``)."""

SAMPLE_CALL_ID = "5d1c2c0e-7a54-4c39-9a57-0e5b7f2c6d31"
"""Id of a realistic call: 40 turns at a dental practice, with a post-analysis value of every type."""


def example_call(**changes: Any) -> dict[str, Any]:
    """Build the vendor's example call: the ``example`` of every property of ``Call`` in openapi.yaml.

    Only ``metadata`` differs: its example is a text, but its schema is an object.

    Args:
        **changes: Properties to replace, e.g. ``call_id="42"``.

    Returns:
        A new dict each time, in the API's JSON format.
    """
    call: dict[str, Any] = {
        "call_analysis": {
            "summary": "This is a summary of the call",
            "call_completion_summary": "This is a summary of the call completion",
            "call_completion": "This is a summary of the call completion",
            "task_completion_summary": "This is a summary of the task completion",
            "task_completion": "This is a summary of the task completion",
            "post_analysis_data": [
                {
                    "name": "This is the name of the post analysis data",
                    "value": "This is the value of the post analysis data",
                }
            ],
        },
        "protocol": "web",
        "call_id": EXAMPLE_CALL_ID,
        "from_number": "+1234567890",
        "to_number": "+1234567890",
        "assistant_id": "217b769d-befe-47a2-83bc-b014c2e19ea5",
        "assistant_name": "Appointment Setter",
        "voice_id": "Puretalktts-e0c5f2f95332",
        "voice_name": "Gabrielle",
        "start_time": "2025-05-19T10:15:22.230876-04:00",
        "end_time": "2025-05-19T10:15:22.230876-04:00",
        "call_duration_seconds": 123,
        "call_type": "outgoing",
        "transcript": "This is the transcript of the call",
        "transcript_object": [
            {
                "role": "user",
                "content": "This is the content of the transcript",
                "function_name": "get_weather",
                "interrupted": False,
                "function_args": '{"location": "New York"}',
                "tool_calls": [],
                "turn_latency": {"latency": 1.5, "eou_delay": 0.2, "llm_latency": 0.8, "tts_latency": 0.5},
            }
        ],
        "status": "completed",
        "provider_call_id": "CA96878fe2501423e1f018a7ab6db5498b",
        "metadata": {"model": "gpt-3.5-turbo"},
        "variables": [],
        "answered_by": "human",
        "call_recording_enabled": True,
        "call_recording_url": "https://api.puretalk.ai/api/calls/1234567890/recording",
        "campaign_id": None,
        "sentiment": "positive",
        "is_billed": True,
    }
    return call | changes


def _user(content: str) -> dict[str, Any]:
    return {
        "role": "user",
        "content": content,
        "function_name": None,
        "interrupted": False,
        "function_args": None,
        "tool_calls": [],
        "turn_latency": None,
    }


def _assistant(
    eou_delay: float,
    llm_latency: float,
    tts_latency: float,
    content: str,
    *,
    interrupted: bool = False,
    function: tuple[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Build a turn of the assistant: latencies in seconds, ``function`` as (name, arguments)."""
    name, args = (None, None) if function is None else (function[0], json.dumps(function[1]))
    return {
        "role": "assistant",
        "content": content,
        "function_name": name,
        "interrupted": interrupted,
        "function_args": args,
        "tool_calls": [] if name is None else [{"type": "function", "name": name, "arguments": args}],
        "turn_latency": {
            "latency": round(eou_delay + llm_latency + tts_latency, 3),
            "eou_delay": eou_delay,
            "llm_latency": llm_latency,
            "tts_latency": tts_latency,
        },
    }


# One or two lines a turn: the latencies (end of utterance, language model, voice), then the text.
_CONVERSATION = [
    _assistant(0.0, 0.41, 0.22,
        "Good afternoon, this is Gabrielle from Riverbend Dental. Am I speaking with Mara?"),
    _user("Yes, this is Mara. I had almost given up on hearing back from you today."),
    _assistant(0.21, 0.63, 0.34,
        "Thanks for your patience. You asked us online about a check-up. Is now a good time to book it?"),
    _user("Now is fine, I am on my lunch break, so I have about ten minutes before I must go back."),
    _assistant(0.18, 0.57, 0.31,
        "Ten minutes is plenty. Have you been to our practice before, or would this be your first visit?"),
    _user("First visit. We moved here in March and the whole family still needs a dentist."),
    _assistant(0.24, 0.88, 0.36,
        "Welcome to town! Let us start with you, and then see to the rest of the family. When did you last",
        interrupted=True),
    _user("Sorry to cut in, it is only about me today. The children have school and I must ask them first."),
    _assistant(0.16, 0.49, 0.29,
        "No trouble at all, only you then. When did you last have a check-up or a cleaning?"),
    _user("It must be about a year and a half. I know, I know, that is longer than it should be."),
    _assistant(0.22, 0.61, 0.3,
        "That happens to many of us, so please do not worry. Is anything hurting at the moment?"),
    _user("Not hurting, but the lower left side does not like cold drinks, and it has got worse lately."),
    _assistant(0.19, 0.72, 0.33,
        "I will note that so the dentist looks at the lower left first. How many weeks has it been?"),
    _user("Three weeks, perhaps four. It started after a very cold lemonade, if that helps anyone."),
    _assistant(0.2, 0.55, 0.32,
        "It does help. Would mornings or afternoons suit you better for a visit of about fifty minutes?"),
    _user("Mornings, and not on a Monday if you can help it. The earlier the better for me."),
    _assistant(0.23, 0.94, 0.35,
        "Let me look at the calendar for early mornings from Tuesday on. One moment, please.",
        function=("find_free_slots", {"from": "2025-06-10", "part_of_day": "morning", "minutes": 50})),
    _user("Take your time, I am only eating a sandwich here."),
    _assistant(0.17, 1.42, 0.38,
        "I have Tuesday the tenth at eight fifteen, or Thursday the twelfth at half past seven."),
    _user("Half past seven on Thursday sounds great. Is that with the same dentist as on Tuesday?"),
    _assistant(0.26, 0.67, 0.3,
        "Thursday is with Doctor Okonkwo, Tuesday with Doctor Lindqvist. Both take new patients."),
    _user("Then Doctor Okonkwo on Thursday, please. My neighbour speaks very well of her."),
    _assistant(0.2, 1.05, 0.37,
        "Lovely. I am holding Thursday the twelfth of June at seven thirty for you while we talk.",
        function=("hold_slot", {"slot": "2025-06-12T07:30", "dentist": "Okonkwo"})),
    _user("Thank you. What does a first visit cost? I would like to know before I sit in the chair."),
    _assistant(0.22, 0.78, 0.34,
        "The check-up with cleaning is one hundred and twenty-nine fifty. X-rays, if needed, are extra."),
    _user("That is all right. Does my insurance cover it? I have the card here in my purse somewhere."),
    _assistant(0.18, 0.7, 0.33,
        "If you read me the member number, I can ask the insurer right now. It has thirty digits."),
    _user("Who needs so many digits? Fine: I will type it on the keypad, that is quicker than reading it."),
    _assistant(0.25, 1.18, 0.36,
        "Got all thirty, thank you. I am asking your insurer about a check-up and a cleaning.",
        function=("check_coverage", {"member": "314159265358979323846264338327", "codes": ["D0150"]})),
    _user("I hope they are quicker with you than they are with me. Last time I was on hold for an hour."),
    _assistant(0.2, 1.61, 0.39,
        "Good news: four fifths of it is covered, so you would pay twenty-five ninety on the day."),
    _user("Oh, that is better than I thought. Can I pay by card at the front desk afterwards?"),
    _assistant(0.19, 0.64, 0.31,
        "By card or in cash, as you like. May I ask whether you take any medicine or have allergies?"),
    _user("No medicine, and no allergies that I know of. I do get a little nervous at the dentist, though."),
    _assistant(0.21, 0.69, 0.32,
        "Thank you for telling me. I will add a note, and Doctor Okonkwo will explain every step first."),
    _user("That is kind. Could you send me a text message with the time and the address?"),
    _assistant(0.23, 1.11, 0.36,
        "Of course. I am booking the visit now and sending the message to the number I called.",
        function=("book_visit", {"slot": "2025-06-12T07:30", "reminder": "sms", "new_patient": True})),
    _user("It just arrived. Thursday, half past seven, and the map is in it too. Perfect."),
    _assistant(0.18, 0.52, 0.3,
        "Then you are all set, Mara. Please come ten minutes early to fill in one short form."),
    _user("I will. Thanks, Gabrielle, that was the easiest dentist call of my life. Goodbye!"),
]  # fmt: skip


_POST_ANALYSIS: dict[str, str | int | float | bool] = {
    "reason_for_call": "Check-up and cleaning for a new patient, lower left tooth sensitive to cold",
    "weeks_since_symptoms": 4,
    "quoted_price": 129.5,
    "satisfaction": 4.0,
    "appointment_booked": True,
    "callback_requested": False,
    "insurance_member_number": 314159265358979323846264338327,
    "allergies": "",
}


def sample_call(**changes: Any) -> dict[str, Any]:
    """Build a realistic completed call: 40 turns, four of them with function calls, about 17 kB of JSON.

    Its post-analysis values cover every type: text, integer, float with and without a fraction, true, false,
    an integer of 30 digits and an empty text.

    Args:
        **changes: Properties to replace, e.g. ``call_id="42"``.

    Returns:
        A new dict each time, in the API's JSON format.
    """
    turns = copy.deepcopy(_CONVERSATION)
    call: dict[str, Any] = {
        "call_analysis": {
            "summary": "The patient booked a first check-up with cleaning for Thursday, June 12, at 7:30.",
            "call_completion_summary": "The conversation reached its natural end; the patient said goodbye.",
            "call_completion": "completed",
            "task_completion_summary": "A visit was found, held, checked with the insurer and booked.",
            "task_completion": "completed",
            "post_analysis_data": [{"name": name, "value": value} for name, value in _POST_ANALYSIS.items()],
        },
        "protocol": "twilio",
        "call_id": SAMPLE_CALL_ID,
        "from_number": "+15550100",
        "to_number": "+15550142",
        "assistant_id": "0b9f6a52-3c1e-4d0a-8f57-6a1d2c9e4b70",
        "assistant_name": "Riverbend Dental Reception",
        "voice_id": "Puretalktts-7d31c09a5e42",
        "voice_name": "Gabrielle",
        "start_time": "2025-06-03T12:04:51.482913-04:00",
        "end_time": "2025-06-03T12:10:09.118204-04:00",
        "call_duration_seconds": 318,
        "call_type": "outgoing",
        "transcript": "\n".join(f"{turn['role'].capitalize()}: {turn['content']}" for turn in turns),
        "transcript_object": turns,
        "status": "completed",
        "provider_call_id": "CA5b0c7e1f93d84a26b1e70f4c2d9a6835",
        "metadata": {"model": "gpt-4o-mini"},
        "variables": ["patient_name", "practice_name"],
        "answered_by": "human",
        "call_recording_enabled": True,
        "call_recording_url": f"https://recordings.riverbend.test/{SAMPLE_CALL_ID}.mp3",
        "campaign_id": "spring-check-ups",
        "sentiment": "positive",
        "is_billed": True,
    }
    return call | changes
