"""Where the pages for people are: every one of them, as paths with the names of routes' variable parts in braces."""

OPEN = {
    "first": "/",
    "sign in": "/login",
    "form for one call": "/webservice/queuecall.php",
    "form for a list": "/webservice/queuecalls.php",
}
PAGES = {
    "overview": "/overview",
    "campaigns": "/campaigns",
    "campaign": "/campaigns/{campaign_id}",
    "calls": "/calls",
    "calls found": "/calls?q=status:failed",
    "call": "/calls/{call_id}",
    "queue one call": "/queue",
    "queue a list": "/upload",
    "dry run": "/upload/{draft_id}",
    "applications": "/applications",
    "application": "/applications/{application_id}",
    "developer keys": "/keys",
    "deployment": "/deployments/{deployment_id}",
    "lab": "/lab",
    "accounts": "/accounts",
    "account": "/accounts/{account_id}",
    "settings": "/settings",
    "audit log": "/audit",
}
PROBLEMS = {
    "no such page": "/nothing/here",
    "no such call": "/calls/1",
    "bad search": "/calls?q=status:wrong",
    "nothing found": "/calls?q=nobody",
    "nothing older": "/calls?before=1",
}
PARTS = {
    "figures": "/overview/figures",
    "alarms": "/overview/alarms",
    "table of campaigns": "/campaigns/table",
    "standing of a campaign": "/campaigns/{campaign_id}/standing",
    "story of a call": "/calls/{call_id}/story",
    "standing of a deployment": "/deployments/{deployment_id}/standing",
    "what happened": "/lab/feed",
}
