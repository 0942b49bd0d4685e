"""The rules of every endpoint. Source: spec overview 1 to 5 and 7."""

from tests.contract.conftest import refusal


async def test_any_case_of_a_path_and_a_slash_at_its_end(api):
    for path in ("/deliveryStats", "/DELIVERYSTATS/", "/deliverystats"):
        assert (await api.get(path)).status_code == 200


async def test_an_unknown_route_is_404(api):
    assert refusal(await api.get("/nowhere")) == (
        404,
        404,
        "The requested resource was not found.",
    )


async def test_a_body_that_is_no_json_by_its_type(api):
    answer = await api.post("/email", content=b"{}", headers={"Content-Type": "text/plain"})
    assert refusal(answer)[:2] == (415, 409)
