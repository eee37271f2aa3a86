"""The businesses of the demo: different trades, towns, zones and plans. All of them are made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

PASSWORD = "demo-password"  # noqa: S105 - printed by `postagent up`; demo owners exist in the sandbox only
EVERYWHERE = ("google", "facebook", "instagram")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBusiness:
    """An owner and their business. `frequency` counts posts a week and account."""

    email: str
    plan: str
    name: str
    trade: str
    city: str
    state: str
    zone: str
    voice: str
    description: str
    frequency: int
    status: str = "active"
    platforms: tuple[str, ...] = EVERYWHERE
    times: tuple[time, ...] = (time(9), time(13), time(17))
    themes: tuple[str, ...] = ("tip", "promotion", "seasonal", "fun_fact")
    avoid: tuple[str, ...] = ()

    @property
    def website(self) -> str:
        """A site of its own, below the top-level domain that belongs to nobody (RFC 2606)."""
        return f"https://{self.email.split('@')[1]}"


BUSINESSES: tuple[DemoBusiness, ...] = (
    DemoBusiness(
        email="dana@harborlightplumbing.example", plan="starter", name="Harbor Light Plumbing", trade="plumber",
        city="Portland", state="ME", zone="America/New_York", voice="friendly", frequency=3,
        description="Two plumbers and one van: repairs, water heaters and bathroom refits for older houses.",
        avoid=("cheap",),
    ),
    DemoBusiness(
        email="luis@bluebonnetelectric.example", plan="pro", name="Bluebonnet Electric", trade="electrician",
        city="Austin", state="TX", zone="America/Chicago", voice="professional", frequency=5,
        description="Residential electricians: panels, rewiring, lighting and car chargers.",
        times=(time(8), time(12), time(18)),
    ),
    DemoBusiness(
        email="karen@summitridgeroofing.example", plan="premium", name="Summit Ridge Roofing", trade="roofer",
        city="Denver", state="CO", zone="America/Denver", voice="professional", frequency=7,
        description="Shingle and metal roofs, gutters and careful repairs after hail.",
        times=(time(7, 30), time(12), time(17, 30)), avoid=("insurance claim",),
    ),
    DemoBusiness(
        email="owen@saguaroheatingair.example", plan="pro", name="Saguaro Heating & Air", trade="hvac",
        city="Phoenix", state="AZ", zone="America/Phoenix", voice="friendly", frequency=4,
        description="Heat pumps, air conditioners and seasonal tune-ups for homes and small offices.",
    ),
    DemoBusiness(
        email="mei@evergreenyard.example", plan="starter", name="Evergreen Yard Company", trade="landscaper",
        city="Seattle", state="WA", zone="America/Los_Angeles", voice="casual", frequency=3,
        description="Garden care, native planting and small stone work.", platforms=("google", "facebook"),
    ),
    DemoBusiness(
        email="tom@brushandladder.example", plan="pro", name="Brush & Ladder Painting", trade="painter",
        city="Nashville", state="TN", zone="America/Chicago", voice="casual", frequency=4,
        description="Interior and exterior painting with tidy rooms at the end of each day.",
    ),
    DemoBusiness(
        email="rosa@tidytide.example", plan="starter", name="Tidy Tide Cleaning", trade="cleaner",
        city="Charleston", state="SC", zone="America/New_York", voice="friendly", frequency=2,
        description="Weekly and move-out cleaning for homes and holiday lets.", times=(time(10), time(15)),
    ),
    DemoBusiness(
        email="amelie@morningcrumb.example", plan="premium", name="Morning Crumb Bakery", trade="bakery",
        city="Burlington", state="VT", zone="America/New_York", voice="friendly", frequency=7,
        description="Sourdough, croissants and seasonal tarts, baked on the spot.",
        times=(time(6, 30), time(11), time(15)), avoid=("gluten-free", "diet"),
    ),
    DemoBusiness(
        email="priya@lakeshoredental.example", plan="starter", status="trial", name="Lakeshore Family Dental",
        trade="dentist", city="Milwaukee", state="WI", zone="America/Chicago", voice="professional", frequency=3,
        description="A family practice: check-ups, fillings and children's first visits.",
        themes=("tip", "seasonal", "fun_fact"), platforms=("google", "facebook"),
    ),
    DemoBusiness(
        email="josie@magnoliahair.example", plan="premium", name="Magnolia Hair Studio", trade="hair_salon",
        city="Savannah", state="GA", zone="America/New_York", voice="casual", frequency=6,
        description="Cuts, colour and curls in a small studio with three chairs.", times=(time(10), time(14), time(19)),
    ),
    DemoBusiness(
        email="hank@copperwrench.example", plan="starter", name="Copper Wrench Auto", trade="auto_repair",
        city="Boise", state="ID", zone="America/Boise", voice="friendly", frequency=3,
        description="Brakes, tyres, diagnostics and honest inspections for all makes.",
    ),
    DemoBusiness(
        email="leilani@petalandfern.example", plan="pro", name="Petal & Fern", trade="florist",
        city="Honolulu", state="HI", zone="Pacific/Honolulu", voice="friendly", frequency=4,
        description="Bouquets, lei and flowers for small weddings, cut the same morning.",
        platforms=("facebook", "instagram"),
    ),
)  # fmt: skip


def demo_logins() -> list[tuple[str, str, str]]:
    """(plan, e-mail, business): the first owner of each plan, and the one on trial."""
    shown: dict[str, DemoBusiness] = {}
    for business in BUSINESSES:
        shown.setdefault(business.plan if business.status == "active" else business.status, business)
    return [(plan, shown[plan].email, shown[plan].name) for plan in ("starter", "pro", "premium", "trial")]
