"""ringback: a drop-in replacement for the Plum Outbound classic API and for Plum Fuse's. This is the map.

``app`` knows what a call is and answers requests; ``scheduler`` acts on time; they meet only in the database.

The way of a call: form -> ``classic.form`` or ``fuse.form`` -> CallOrder -> ``outside.preflight`` (classic alone) ->
``calls.queueing`` -> row -> ``scheduler.dispatcher`` claims -> ``scheduler.attempt`` -> carrier and ``voicexml`` ->
``calls.lifecycle.finish`` (the final state and the result to send in one transaction) -> ``scheduler.results`` ->
acknowledged.

Who may import whom, from the bottom up (tests/test_layers.py holds it):

1. ``settings`` ``clock`` ``errors`` ``loopback`` (who sits at this machine) ``client`` (whose request it is)
   ``cross_site`` (whether a page of another site sends it) ``markup``
   (text in XML) ``private_files`` (their owner's alone),
   and two islands that import nothing of ours but errors: ``telephony`` (carriers: the protocol, the
   simulated one and who answers it, by script too; sip over a trunk, which options asks whether it is there: pacing has
   sound leave on time, causes says what its answers mean, detection and greetings who answered, speech says the
   prompts) and ``voicexml`` (reading and running the customer's pages: session runs an application, fia a form of it,
   items its items, actions what stands in them, handling its events; document, exclusions, transitions and resources
   get the pages; prompts are chosen, speaking makes them up in somebody's voice, playing says them; hearing listens,
   active, recognition and grammars understand the caller; ecmascript evaluates in engine, whose bounds
   hold and whose interrupt ends what takes too much processor time; timed_fetch ends what is fetched for too long;
   limits are those of a whole call; conversation is what all of them work on; linting looks for mistakes without one)
2. ``intake``   what a request may say: fields, phone numbers, lists, metadata, orders; times, which ``strtotime``
                reads as PHP does, dateparser behind it; caller_ids (which may be shown). No database, network or Flask
   ``outside``  the only door to the network: fetching, who may be called, the probe of a client's URLs, what
                applications fetch, the shares of threads that may wait for one client's
   ``posted``   reading a form as PHP did
   ``recent``   what many ask for, worked out at most once a second
3. ``calls``    the life of a call, as rows: db (in front of its engines sqlite and postgres), models, upgrades,
                schema (which upgrades it has had), backups, sessions (of the console),
                demo_account (where it may not be), caller_ids (of accounts),
                accounts, pin_hashing, pin_strength, credentials (a login with its PIN), login_throttle (wrong PINs by
                address), login_failures (by login, over a day), login_refusals (their log and count), checking_places
                (how many may wait), untrusted_proxies, request_rates, quotas, queueing, due_calls, claims,
                lifecycle, endings (what a call's end brings), idempotency (answers of requests that are sent again),
                outbox, result_signing, exchanges (HTTP), campaigns (the switches),
                schedulers (their heartbeats), reports, waiting (why it does not dial), virtual_time;
                for Fuse: deployments (of applications, and who may use them), keys, details (of a call), applications
                (as pages show them);
                for the console: listing (of calls), progress (of campaigns), story (of a call), exporting, canceling,
                requeueing (what failed), audit (who did what);
                for operations: readiness, capacity (what runs short), figures, tallies (what grows),
                pruning (what goes);
                for testers: scripts (of callees), happenings (since somebody was told), agenda (what is due next),
                patience (until it is done), reset;
                for forms: presets (what they are filled in with), drafts (lists that were tried), forecast (of a list);
                its pure rules: states (what becomes of a call), delivery (of a result), payloads
4. ``classic``  the classic API: form (its fields), routes, replies (XML)
   ``fuse``     the Fuse API, its twin: body (what a request says), form, routes, replies (JSON or XML)
   ``testing``  the testing API: access (who may), asked (what a request says), routes, replies (JSON)
   ``console``  pages for people: access (signing in, who may do what), desk (what they work with), a module per page;
                it reads the forms of both APIs as ``classic`` and ``fuse`` do
   ``pages``    the first page, and the OpenAPI document
   ``door``     in front of every route: the hosts that are answered under, the headers on every answer
   ``health``   /livez, /readyz and /metrics; ``metrics`` puts the numbers into Prometheus' words
   ``scheduler``  service (periodic jobs and the doorbell), dispatcher, fairness (whose turn), attempt, permit (to
                  dial), heart (lease and obedience), talk (the conversation), live (a living callee in it, with
                  an ear), greeting (the built-in application), results, posters (their threads), destinations (how many
                  may post to which), stepping (of virtual time)
5. ``factory`` puts the parts together, ``carriers`` makes the carrier in force; ``cli`` is the command line,
   ``programs`` runs web and scheduler, ``worker`` is gunicorn's with patience that ends, ``logs`` is how their lines
   look, ``sample`` is a small customer application to try things with, ``demo`` shows it at work
"""

__version__ = "0.1.0"
