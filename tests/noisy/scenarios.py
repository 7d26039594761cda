# SPDX-License-Identifier: GPL-2.0-or-later
"""The labelled scenarios. Each says what is played, and what a right verdict is: who disturbs, how, and whom.

A scenario is a function of a random.Random (the seed's) that returns a Scene. Times and rates vary with the seed within
what the label allows.
"""
import dataclasses
import random as randoms

SCENARIOS = {}
VICTIMS = {"a", "c"}
LENGTH = 12
FELT_BY = ("ask", "visit", "bulk", "fetch")  # programs that log what their users feel


class Act:
    """One program of load.cpp in a tenant, or in the world, between two moments of the play. {world} and {a} in its
    words are addresses, {world_mac} and {a_mac} hardware addresses."""

    def __init__(self, who, what, begin, end, *words):
        self.who, self.what, self.begin, self.end, self.words = who, what, begin, end, words
        self.process = None


@dataclasses.dataclass
class Scene:
    acts: list
    uplink_mbit: int = 20
    capacity_mbit: int = 0  # what fair share shares out; 0: there is none
    tenants: str = "abc"
    culprits: dict = dataclasses.field(default_factory=dict)  # tenant: pattern; empty: nobody is to be accused
    victims: set = dataclasses.field(default_factory=set)
    prepare: object = None  # called with the stage before the play
    during: object = None   # called with the stage while it is played, in a thread of its own
    seconds: int = LENGTH
    conntrack_max: int = 0  # the host tracks connections, so many at most; 0: it tracks none. In the lab only
    calm_ms: float = 0      # a window is played again if before the culprit the machine itself delays longer than that


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


def scene_of(name, seed):
    return SCENARIOS[name](randoms.Random(f"{name}/{seed}"))


def askers(random, often=3000):
    """Two tenants who ask small things all the time: those who feel it first."""
    return [Act("a", "ask", 0, LENGTH, "{world}", "--interval-us", often),
            Act("c", "ask", 0, LENGTH, "{world}", "--interval-us", random.randint(often, 2 * often), "--size", 1000)]


def guilty(random, pattern, *acts, uplink=20, who="b", often=3000, **more):
    return Scene(askers(random, often) + list(acts),
                 uplink_mbit=uplink, culprits={who: pattern}, victims=set(VICTIMS), **more)


def innocent(random, *acts, uplink=20, with_askers=True, **more):
    return Scene((askers(random) if with_askers else []) + list(acts), uplink_mbit=uplink, **more)


def moments(random, begin=(4, 6), end=(9, 11.5)):
    return random.uniform(*begin), random.uniform(*end)


def raw(who, begin, end, kind, pps, target="{world}", mac="{world_mac}", source=None):
    return Act(who, "raw", begin, end, "eth0", "--kind", kind, "--pps", pps, "--to", mac, "--target", target,
               "--source", source or "{" + who + "}")


# --- bandwidth

@scenario
def udp_hog(random):
    return guilty(random, "bandwidth_hog",
                  Act("b", "udp", *moments(random), "{world}", "--kbps", random.randint(40000, 70000)))


@scenario
def udp_hog_small_host(random):
    return guilty(random, "bandwidth_hog",
                  Act("b", "udp", *moments(random), "{world}", "--kbps", random.randint(12000, 30000)), uplink=8)


@scenario
def tcp_hog(random):
    return guilty(random, "bandwidth_hog",
                  Act("b", "bulk", *moments(random), "{world}", "--flows", random.randint(4, 10)))


@scenario
def tcp_hog_one_flow(random):
    return guilty(random, "bandwidth_hog", Act("b", "bulk", *moments(random), "{world}", "--flows", 1))


@scenario
def download_hog(random):
    return guilty(random, "bandwidth_hog",
                  Act("b", "fetch", *moments(random), "{world}", "--flows", random.randint(3, 8)))


@scenario
def hog_starts_late(random):
    return guilty(random, "bandwidth_hog", Act("b", "udp", random.uniform(9.5, 10.5), 12, "{world}", "--kbps", 60000))


@scenario
def hog_for_a_moment(random):
    begin = random.uniform(4, 8)
    return guilty(random, "bandwidth_hog",
                  Act("b", "udp", begin, begin + random.uniform(1.2, 2), "{world}", "--kbps", 60000))


@scenario
def hog_on_and_off(random):
    pause = random.uniform(1.4, 2)
    acts = [Act("b", "udp", 2 + n * (1.2 + pause), 3.2 + n * (1.2 + pause), "{world}", "--kbps", 50000)
            for n in range(3)]
    return guilty(random, "bandwidth_hog", *acts)


@scenario
def hog_takes_throughput(random):
    begin, end = moments(random)
    return Scene([Act("a", "bulk", 0, LENGTH, "{world}", "--flows", 2),
                  Act("b", "udp", begin, end, "{world}", "--kbps", 50000)],
                 tenants="ab", culprits={"b": "bandwidth_hog"}, victims={"a"})


# --- packets

@scenario
def small_flood(random):
    return guilty(random, "packet_flood", raw("b", *moments(random), "small", random.randint(25000, 35000)), uplink=8)


@scenario
def small_flood_by_sockets(random):
    return guilty(random, "packet_flood",
                  Act("b", "udp", *moments(random), "{world}", "--size", 18, "--kbps", 14000), uplink=6)


@scenario
def microburst(random):
    """5 ms of the uplink at once, four times a second: 2 % on average."""
    return guilty(random, "microburst",
                  Act("b", "udp", *moments(random, (3, 5)), "{world}", "--kbps", 2000, "--period-ms", 250),
                  uplink=100, often=1500, calm_ms=2)


@scenario
def microburst_rare(random):
    return guilty(random, "microburst", Act("b", "udp", *moments(random, (3, 4)), "{world}", "--kbps", 1500,
                                             "--period-ms", random.randint(380, 500)),
                  uplink=60, often=1500, calm_ms=3)


@scenario
def syn_flood(random):
    return guilty(random, "syn_flood",
                  raw("b", *moments(random), "syn", random.randint(22000, 30000), "10.0.0.200"), uplink=8)


@scenario
def syn_flood_small_host(random):
    return guilty(random, "syn_flood", raw("b", *moments(random), "syn", 9000, "10.0.0.200"), uplink=3)


@scenario
def port_scan(random):
    return guilty(random, "scan", raw("b", *moments(random), "scan", random.randint(20000, 26000)), uplink=8)


@scenario
def port_scan_small_host(random):
    return guilty(random, "scan", raw("b", *moments(random), "scan", 9000), uplink=3)


@scenario
def connection_churn(random):
    return guilty(random, "connection_churn",
                  Act("b", "churn", *moments(random), "{world}", "--per-second", 4000), uplink=3)


@scenario
def conntrack_pressure(random):
    """The uplink has room, the host's table of connections has not: who opens one has to try again."""
    begin, end = moments(random)
    acts = [Act(who, "visit", 0, LENGTH, "{world}", "--interval-us", often)
            for who, often in (("a", 20000), ("c", 30000))]
    acts += [Act("b", "churn", begin, end, "{world}", "--per-second", random.randint(400, 600)) for _ in range(4)]
    return Scene(acts, uplink_mbit=100, conntrack_max=2000, culprits={"b": "conntrack_pressure"}, victims=set(VICTIMS))


@scenario
def broadcast_storm(random):
    return guilty(random, "broadcast_storm",
                  raw("b", *moments(random), "storm", random.randint(22000, 30000)), uplink=8)


@scenario
def broadcast_storm_small_host(random):
    return guilty(random, "broadcast_storm", raw("b", *moments(random), "storm", 9000), uplink=3)


@scenario
def spoofed_sources(random):
    return guilty(random, "spoofing", raw("b", *moments(random), "spoof", random.randint(20000, 28000)), uplink=8)


@scenario
def spoofed_sources_small_host(random):
    return guilty(random, "spoofing", raw("b", *moments(random), "spoof", 8000), uplink=3)


# --- from outside

def alive(who="b"):
    """A tenant of whom the bridge knows where it is: what is sent to others floods no port."""
    return Act(who, "ask", 0, LENGTH, "{world}", "--interval-us", 20000)


@scenario
def inbound_small_flood(random):
    return guilty(random, "inbound_flood",
                  raw("world", *moments(random), "small", 28000, "{b}", "{b_mac}"), alive(), uplink=8)


@scenario
def inbound_volume(random):
    return guilty(random, "inbound_flood", Act("world", "udp", *moments(random), "{b}", "--kbps", 60000))


@scenario
def inbound_syn_flood(random):
    return guilty(random, "inbound_flood",
                  raw("world", *moments(random), "syn", 26000, "{b}", "{b_mac}"), alive(), uplink=8)


# --- two

@scenario
def two_hogs(random):
    begin, end = moments(random)
    scene = guilty(random, "bandwidth_hog", Act("b", "udp", begin, end, "{world}", "--kbps", 30000),
                   Act("d", "udp", begin + random.uniform(0, 0.5), end, "{world}", "--kbps", 30000), tenants="abcd")
    scene.culprits["d"] = "bandwidth_hog"
    return scene


@scenario
def two_kinds(random):
    scene = guilty(random, "packet_flood", raw("b", 3, 5.5, "small", 28000),
                   Act("d", "udp", 7.5, 10.5, "{world}", "--kbps", 30000), tenants="abcd", uplink=8)
    scene.culprits["d"] = "bandwidth_hog"
    return scene


# --- under fair share

@scenario
def share_holds_a_hog(random):
    """It sends three times what the uplink carries, and gets what the others leave."""
    return innocent(random, Act("b", "udp", *moments(random), "{world}", "--kbps", random.randint(40000, 70000)),
                    capacity_mbit=16)


@scenario
def share_is_halved(random):
    """A tenant had all of it till another one asks for its half: less for the first, and nobody's fault."""
    begin, end = moments(random)
    acts = [Act("a", "bulk", 0, LENGTH, "{world}", "--flows", 4),
            Act("b", "udp", begin, end, "{world}", "--kbps", 30000), Act("c", "ask", 0, LENGTH, "{world}")]
    return Scene(acts, capacity_mbit=16)


# --- innocent

@scenario
def nothing_much(random):
    return innocent(random, Act("b", "pace", 0, LENGTH, "{world}", "--kbps", 1000))


@scenario
def all_heavy(random):
    acts = [Act(who, "bulk", 0.5, LENGTH, "{world}", "--flows", 2) for who in "abcd"]
    return innocent(random, *acts, with_askers=False, tenants="abcd")


@scenario
def all_heavy_one_after_another(random):
    acts = [Act(who, "bulk", 1 + n * random.uniform(1, 1.8), LENGTH, "{world}", "--flows", 2)
            for n, who in enumerate("abcd")]
    return innocent(random, *acts, with_askers=False, tenants="abcd")


@scenario
def all_download(random):
    acts = [Act(who, "fetch", 1 + random.uniform(0, 3), LENGTH, "{world}", "--flows", 2) for who in "abcd"]
    return innocent(random, *acts, with_askers=False, tenants="abcd")


@scenario
def backup_at_night(random):
    return innocent(random, Act("b", "bulk", *moments(random), "{world}", "--flows", 4), with_askers=False)


@scenario
def flash_crowd(random):
    """Many visitors of one tenant, well within what the uplink carries."""
    begin, end = moments(random)
    return innocent(random, Act("world", "churn", begin, end, "{b}", "--per-second", random.randint(400, 800)),
                    Act("world", "ask", begin, end, "{b}", "--size", 20000, "--interval-us", 20000), uplink=60)


@scenario
def loud_and_harmless(random):
    return innocent(random, Act("b", "udp", *moments(random), "{world}", "--kbps", 20000), uplink=60)


@scenario
def loud_on_and_off(random):
    acts = [Act("b", "udp", 2 + 3 * n, 3.5 + 3 * n, "{world}", "--kbps", 15000) for n in range(3)]
    return innocent(random, *acts, uplink=60)


@scenario
def many_packets_and_harmless(random):
    return innocent(random, raw("b", *moments(random), "small", 14000), uplink=100)


@scenario
def slow_scan(random):
    return innocent(random, raw("b", *moments(random), "scan", 600), uplink=40)


@scenario
def chatty_neighbour(random):
    return innocent(random, raw("b", *moments(random), "storm", 700), uplink=40)


@scenario
def local_transfer(random):
    return innocent(random, Act("b", "udp", *moments(random), "{d}", "--kbps", 60000), tenants="abcd")


@scenario
def its_own_queue(random):
    """A tenant fills the uplink and feels it itself; nobody else is there."""
    return Scene([Act("a", "ask", 0, LENGTH, "{world}"),
                  Act("a", "bulk", *moments(random), "{world}", "--flows", 4)], tenants="ab")


@scenario
def slow_vm(random):
    """A tenant that gets no CPU answers late and moves less; the neighbour is loud at some of these moments."""
    begin, end = moments(random)
    acts = [Act("world", "ask", 0, LENGTH, "{a}", "--interval-us", 4000), Act("c", "ask", 0, LENGTH, "{world}"),
            Act("b", "udp", begin, end, "{world}", "--kbps", 15000)]
    return Scene(acts, uplink_mbit=60, during=lambda stage: stage.starve("a", begin + random.uniform(-1, 1), end))


@scenario
def lossy_peer(random):
    """What goes to one tenant is lost on the way, all the time."""
    begin, end = moments(random)
    acts = [Act("a", "bulk", 0, LENGTH, "{world}", "--flows", 2), Act("c", "ask", 0, LENGTH, "{world}"),
            Act("b", "udp", begin, end, "{world}", "--kbps", 10000)]
    return Scene(acts, uplink_mbit=60, prepare=lambda stage: stage.lose("a", 3))


@scenario
def uplink_gets_slow(random):
    """The uplink itself carries less from some moment on; nobody sends more than before."""
    moment = random.uniform(5, 7)
    return innocent(random, Act("b", "pace", 0, LENGTH, "{world}", "--kbps", 4000),
                    during=lambda stage: stage.slow_uplink(moment, 5))


@scenario
def harmed_before(random):
    """The uplink gets too slow for its tenants; a second and a half later one becomes loud, but not through it."""
    moment = random.uniform(4, 5)
    return innocent(random, Act("b", "udp", moment + 1.6, moment + 5, "{d}", "--kbps", 30000), tenants="abcd",
                    during=lambda stage: stage.slow_uplink(moment, 0.4))


@scenario
def same_cron_job(random):
    """Four tenants do the same at the same moments."""
    acts = [Act(who, "bulk", 2 + 3.3 * n + random.uniform(0, 0.2), 3.6 + 3.3 * n, "{world}", "--flows", 2)
            for n in range(3) for who in "abcd"]
    return innocent(random, *acts, with_askers=False, tenants="abcd")
