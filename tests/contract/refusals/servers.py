"""Servers."""

from pillarbox.errors import Problem
from tests.contract.refusals.case import NEVER, case, delete, get, post, put

CASES = {
    Problem.SERVERS_BAD_PAGE: case(
        600,
        "You must provide 'count' (1 to 500) and 'offset' (0 or greater).",
        get("/servers?count=0&offset=0"),
    ),
    Problem.SERVER_NOT_FOUND: case(
        601, "Server does not exist.", get(f"/servers/{NEVER}"), status=404
    ),
    Problem.INBOUND_DOMAIN_TAKEN: case(
        602,
        "This inbound domain is already in use.",
        post("/servers", {"Name": "Second", "InboundDomain": "in.shop.example"}),
        post("/servers", {"Name": "Third", "InboundDomain": "in.shop.example"}),
        inbound_mx_check="off",
    ),
    Problem.SERVER_NAME_TAKEN: case(
        603,
        "This server name already exists.",
        post("/servers", {"Name": "Second"}),
        post("/servers", {"Name": "Second"}),
    ),
    Problem.SERVER_REMOVAL_FORBIDDEN: case(
        604,
        "You do not have permission to delete servers using the API.",
        post("/servers", {"Name": "Second"}),
        delete("/servers/{0[ID]}"),
        server_removal="off",
    ),
    Problem.HOOK_URL_INVALID: case(
        606,
        "Invalid webhook URL: 'OpenHookUrl'.",
        put("/server", {"OpenHookUrl": "http://127.0.0.1/hook"}),
    ),
    Problem.SERVER_COLOR_INVALID: case(
        607, "Invalid server color.", put("/server", {"Color": "octarine"})
    ),
    Problem.SERVER_NAME_INVALID: case(608, "Invalid server name.", post("/servers", {"Name": " "})),
    Problem.NO_SERVER_DATA: case(609, "No server data received.", put("/server", b"")),
    Problem.NO_INBOUND_MX: case(
        610,
        "No MX record found for this inbound domain.",
        put("/server", {"InboundDomain": "in.shop.example"}),
    ),
    Problem.SPAM_THRESHOLD_INVALID: case(
        611,
        "Invalid 'InboundSpamThreshold'. Use a number between 0 and 30.",
        put("/server", {"InboundSpamThreshold": 31}),
    ),
    Problem.TRACK_LINKS_INVALID: case(
        612,
        "Invalid 'TrackLinks' value. Use None, HtmlAndText, HtmlOnly or TextOnly.",
        put("/server", {"TrackLinks": "Sometimes"}),
    ),
    Problem.DELIVERY_TYPE_INVALID: case(
        613,
        "Invalid 'DeliveryType' value. Use Live or Sandbox.",
        post("/servers", {"Name": "Second", "DeliveryType": "Dry"}),
    ),
    Problem.SERVER_LIMIT_REACHED: case(
        614,
        "Your account has reached its server limit.",
        post("/servers", {"Name": "Second"}),
        max_servers="1",
    ),
}
