"""The built-in greeting: what a deployment without a start_url of its own says."""

URL = "builtin:greeting"
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
