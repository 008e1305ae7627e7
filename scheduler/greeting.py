"""The built-in greeting: what a deployment without a start_url of its own says."""

URL = "http://greeting.invalid/"
"""Nobody is asked for it: a name under .invalid never exists (RFC 6761 section 6.4)."""

DOCUMENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml">
  <form>
    <block>
      <if cond="typeof name == 'undefined'">
        <prompt>Hello.</prompt>
        <else/>
        <prompt>Hello, <value expr="name"/>.</prompt>
      </if>
      <prompt>This is a call from ringback. Goodbye.</prompt>
    </block>
  </form>
</vxml>
"""
