"""Real calls over SIP and RTP, with the extra ``sip``: the only place that knows baresip.

``stack`` runs it and keeps the trunk well, ``line`` is a call of it, ``carrier`` makes attempts.
"""
