"""What the caller hears while something is fetched.

A fetch takes no time here, so that a conversation is the same whatever the network does: the sound begins when there is
no fetchaudiodelay, and lasts for the fetchaudiominimum. Source: VoiceXML 2.0 sections 4.1.8, 6.1.1 and 6.3.5.
"""

from app.voicexml import prompts
from app.voicexml.conversation import Conversation
from app.voicexml.elements import Element
from app.voicexml.playing import play
from app.voicexml.resources import Wanted


def play_while_fetching(conversation: Conversation, element: Element, wanted: Wanted) -> None:
    """Where there is a fetchaudio, say what is queued and then play it, unless the answer is there already."""
    source = element.get("fetchaudio") or conversation.property("fetchaudio")
    if not source:
        return
    play(conversation)
    if not conversation.resources.has(wanted) and not conversation.duration("fetchaudiodelay"):
        prompts.queue_sound(conversation, element, source)
        play(conversation, conversation.duration("fetchaudiominimum"))
