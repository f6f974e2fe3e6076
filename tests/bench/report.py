# SPDX-License-Identifier: GPL-2.0-only
"""Make bench's table, JSON and chart of what the guests have measured.

    report.py [--json FILE] [--svg FILE] [--about TEXT] MEASURED

MEASURED has lines "driver<TAB>row<TAB>figure..."; the driver is iommufd, upstream or type1. The
file rows lists the rows. The ratio of a figure is iommufd's by upstream's; the geometric mean is
that of the ratios, without memory and without rows that repeat another at another size. The exit
status is 1 if there is no figure of this driver, or a call costs more than upstream's.
"""
import argparse
import collections
import html
import json
import math
import os
import sys

Row = collections.namedtuple('Row', 'name verbs marks upstream floor in_mean')


def numbers(field):
    return [] if field == '-' else [int(word) for word in field.split()]


def read_rows(path):
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            if line.startswith('#'):
                continue
            name, verbs, *rest = line.rstrip('\n').split('\t')
            yield Row(name, verbs.split(), *map(numbers, rest[:3]), in_mean=len(rest) == 3)


def read_measured(path):
    """Figures by driver and row."""
    found = collections.defaultdict(dict)
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            driver, name, *figures = line.rstrip('\n').split('\t')
            found[driver][name] = [int(figure) for figure in figures]
    return found


def at(figures, index):
    return figures[index] if index < len(figures) else None


def make_lines(rows, found):
    """One dict for each figure of the table."""
    for row in rows:
        # Without upstream's figures of this run, those that were recorded.
        recorded = row.name not in found['upstream']
        upstream = row.upstream if recorded else found['upstream'][row.name]
        for i, verb in enumerate(row.verbs):
            line = {
                'row': row.name,
                'what': verb,
                'iommufd': at(found['iommufd'].get(row.name, []), i),
                'upstream': at(upstream, i),
                'upstream_recorded': recorded,
                'type1': at(found['type1'].get(row.name, []), i),
                'floor': at(row.floor, i),
                'mark': at(row.marks, i),
                'in_mean': row.in_mean and verb != 'bytes',
            }
            if line['iommufd'] is None:
                continue
            line['ratio'] = line['iommufd'] / line['upstream'] if line['upstream'] else None
            yield line


def geometric_mean(lines):
    ratios = [line['ratio'] for line in lines if line['ratio'] and line['in_mean']]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def is_dearer(line):
    """Whether a call costs more than upstream's. Memory is no call, and changes by some bytes."""
    return line['what'] != 'bytes' and line['ratio'] is not None and line['ratio'] > 1


def text(number, recorded=False):
    return '' if number is None else f'{number}{"*" if recorded else ""}'


def print_table(lines, mean):
    print(f'{"instructions a call":31} {"":7} {"iommufd":>8} {"upstream":>9} {"ratio":>6} '
          f'{"type1":>9} {"floor*":>8} {"mark":>8}')
    last = None
    for line in lines:
        name = line['row'] if line['row'] != last else ''
        last = line['row']
        ratio = '' if line['ratio'] is None else f'{line["ratio"]:.3f}'
        over = line['mark'] is not None and line['iommufd'] > line['mark']
        note = ' over' if over else ''
        if is_dearer(line):
            note += ' dearer than upstream'
        text_line = (f'{name:31.31} {line["what"]:7} {line["iommufd"]:>8} '
                     f'{text(line["upstream"], line["upstream_recorded"]):>9} {ratio:>6} '
                     f'{text(line["type1"]):>9} {text(line["floor"]):>8} {text(line["mark"]):>8}'
                     f'{note}')
        print(text_line.rstrip())
    if mean is not None:
        print(f'geometric mean of the ratios: {mean:.3f}')
    print('* recorded on Debian 6.12.117; floor: pinning, runs, and one call a run')


def svg(lines, mean, about):
    """A bar for each figure that upstream has, too: the share of upstream's instructions."""
    bars = [line for line in lines if line['ratio'] is not None and line['what'] != 'bytes']
    height, left, full = 18, 330, 400
    parts = []
    for i, bar in enumerate(bars):
        y = 40 + i * height
        label = html.escape(f'{bar["row"]}: {bar["what"]}')
        width = min(bar['ratio'], 1.2) * full
        parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{label}</text>'
                     f'<rect x="{left}" y="{y + 2}" width="{width:.1f}" height="13" '
                     f'fill="#3572a5"/><text x="{left + width + 5:.1f}" y="{y + 12}">'
                     f'{bar["ratio"]:.3f}</text>')
    bottom = 40 + len(bars) * height
    title = f'Instructions, as a share of upstream\'s iommufd (geometric mean {mean:.3f})'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{bottom + 30}" '
            f'font-family="sans-serif" font-size="11">\n'
            f'<text x="10" y="20" font-size="14">{html.escape(title)}</text>\n'
            f'<line x1="{left + full}" y1="32" x2="{left + full}" y2="{bottom}" '
            f'stroke="#888"/>\n' + '\n'.join(parts) +
            f'\n<text x="10" y="{bottom + 20}">{html.escape(about)}</text>\n</svg>\n')


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument('--json')
    parser.add_argument('--svg')
    parser.add_argument('--about', default='')
    parser.add_argument('measured')
    args = parser.parse_args()
    rows = list(read_rows(os.path.join(os.path.dirname(__file__), 'rows')))
    found = read_measured(args.measured)
    lines = list(make_lines(rows, found))
    if not lines:
        print('bench: nothing was measured: is there a row of this name?', file=sys.stderr)
        return 1
    mean = geometric_mean(lines)
    print_table(lines, mean)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as out:
            json.dump({'about': args.about, 'mean_ratio': mean, 'figures': lines}, out, indent=1)
            out.write('\n')
    if args.svg and mean is not None:
        with open(args.svg, 'w', encoding='utf-8') as out:
            out.write(svg(lines, mean, args.about))
    return 1 if any(map(is_dearer, lines)) else 0


if __name__ == '__main__':
    sys.exit(main())
