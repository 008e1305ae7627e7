"""Running a VoiceXML application for one call. So far the callee hears the first page and hangs up."""

from app.voicexml.document import Document

WORDS_PER_MINUTE = 160


def run(document: Document) -> float:
    """Speak a document; the seconds that took."""
    return len(document.spoken_text().split()) * 60 / WORDS_PER_MINUTE
