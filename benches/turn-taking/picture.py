"""The trade-offs as one SVG picture, light or dark as the reader has it."""

PANELS = [
    ("interruption", "Interruptions", "false interruptions, %", "mean time to yield, ms"),
    ("wordless", "… without words to the agent", "false interruptions, %", "mean time to yield, ms"),
    ("endpointing", "Ends of turns", "answered too soon, %", "response latency p50, ms"),
]
COLOURS = {"livekit-agents": "#d95f02", "livekit-agents, 2 words": "#a6761d", "duologue": "#1b7f6b"}
WIDTH, HEIGHT, LEFT, TOP = 300, 240, 60, 60


def nice(value):
    """The next round number above."""
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000):
        if value / step <= 5:
            return step
    return 10_000


def panel(curves, name, title, rate, time, left):
    points = [p for line in curves[name].values() for p in line]
    across, up = nice(max(p["rate"] for p in points)), nice(max(p["time"] for p in points))
    most = lambda key, step: (int(max(p[key] for p in points) / step) + 1) * step
    widest, highest = most("rate", across), most("time", up)
    x = lambda value: left + WIDTH * value / widest
    y = lambda value: TOP + HEIGHT * (1 - value / highest)
    out = [f'<text x="{left}" y="{TOP - 18}" class="title">{title}</text>']
    for value in range(0, widest + 1, across):
        out.append(f'<text x="{x(value):.0f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{value}</text>')
    for value in range(0, highest + 1, up):
        out.append(f'<path d="M{left} {y(value):.1f}h{WIDTH}" class="grid"/><text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
    out.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 34}" text-anchor="middle">{rate}</text>')
    out.append(f'<text x="{left}" y="{TOP - 4}">{time}</text>')
    for side, line in curves[name].items():
        path = "L".join(f"{x(p['rate']):.1f} {y(p['time']):.1f}" for p in line)
        out.append(f'<path d="M{path}" fill="none" stroke="{COLOURS[side]}" stroke-width="2"/>')
        for p in line:
            out.append(f'<circle cx="{x(p["rate"]):.1f}" cy="{y(p["time"]):.1f}" r="4" fill="{COLOURS[side]}"><title>{side}, {p["setting"]} s: {p["rate"]:.1f} %, {p["time"]:.0f} ms</title></circle>')
    return "\n".join(out)


def svg(curves):
    panels = [panel(curves, *words, LEFT + n * (WIDTH + LEFT + 20)) for n, words in enumerate(PANELS)]
    width, bottom = len(PANELS) * (WIDTH + LEFT + 20) + 20, TOP + HEIGHT + 60
    legend = "".join(f'<circle cx="{LEFT + n * 200}" cy="{bottom}" r="4" fill="{c}"/><text x="{LEFT + n * 200 + 10}" y="{bottom + 4}">{side}</text>' for n, (side, c) in enumerate(COLOURS.items()))
    style = ("text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:14px}.grid{stroke:#ccc;stroke-width:.5}.page{fill:#fff}"
             "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.page{fill:#161616}}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 20}"><style>{style}</style>'
            f'<rect width="100%" height="100%" class="page"/>' + "\n".join(panels) + legend + "</svg>\n")
