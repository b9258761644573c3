"""Temperatures of a place of storage, with its limits drawn."""

from html import escape

from django.utils.safestring import SafeString, mark_safe

from sojourn.conduct.storage import Place

LEFT, WIDTH, TOP, HEIGHT, SHOWN = 44, 640, 14, 180, 60


def temperatures(place: Place) -> SafeString:
    """A bar from the lowest to the highest of each of the last readings; limits as dashed lines."""
    shown = place.temperatures[-SHOWN:]
    if not shown:
        return mark_safe("")
    lows = [place.lowest_tenths_c, *(each.lowest_tenths_c for each in shown)]
    highs = [place.highest_tenths_c, *(each.highest_tenths_c for each in shown)]
    bottom, top = min(lows) - 10, max(highs) + 10

    def y(tenths: int) -> float:
        return round(TOP + (HEIGHT - 40) * (top - tenths) / (top - bottom), 1)

    parts = []
    for limit in (place.lowest_tenths_c, place.highest_tenths_c):
        parts.append(
            f'<line class="limit" x1="{LEFT}" x2="{WIDTH}" y1="{y(limit)}" y2="{y(limit)}"/>'
            f'<text class="limit-label" text-anchor="end" x="{LEFT - 6}" y="{y(limit) + 4}">'
            f"{limit / 10:.1f}</text>"
        )
    step = (WIDTH - LEFT - 16) / max(1, len(shown))
    for number, each in enumerate(shown):
        x = round(LEFT + 10 + step * (number + 0.5), 1)
        low, high = each.lowest_tenths_c, each.highest_tenths_c
        kind, foot = "now" if each.outside else "line", max(y(low), y(high) + 2)
        parts.append(
            f'<line class="{kind}" x1="{x}" x2="{x}" y1="{y(high)}" y2="{foot}">'
            f"<title>{each.at:%Y-%m-%d %H:%M}: {low / 10:.1f} to {high / 10:.1f} °C"
            f"{', outside the limits' if each.outside else ''}</title></line>"
        )
    for x, anchor, at in ((LEFT, "start", shown[0].at), (WIDTH, "end", shown[-1].at)):
        parts.append(f'<text text-anchor="{anchor}" x="{x}" y="{HEIGHT - 4}">{at:%Y-%m-%d}</text>')
    outside = sum(each.outside for each in shown)
    title = f"Temperature in {escape(place.name)}, °C"
    words = f"{len(shown)} readings, {outside} outside the limits."
    return mark_safe(
        f'<svg class="picture" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}. '
        f'{words}"><title>{title}</title><desc>{words}</desc>{"".join(parts)}</svg>'
    )
