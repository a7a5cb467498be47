// Chart: what came in by month, once and regularly, drawn on the server as SVG that needs neither script nor style.

import { type Currency, exponentOf } from '../values/money.ts';
import type { Words } from '../words/words.ts';
import { dateText } from './figures.ts';
import type { Row } from './report.ts';

export interface Drawn {
  /** For wide pages and for narrow ones, where the same picture would be too small to read. */
  wide: string;
  narrow: string;
}

/** Room for the longest label of the axis. */
const marginLeft = 66;

/**
 * Stacked from the foot: what is promised below, what comes once on top. Colours come from the style sheet; without colour they
 * are told apart by what is drawn over them: nothing, dots, stripes.
 */
export const layers = [
  { kind: 'month', column: 'month_minor', marks: null },
  {
    kind: 'year',
    column: 'year_minor',
    marks: '<circle cx="2" cy="2" r="1.1"/><circle cx="6" cy="6" r="1.1"/>',
  },
  {
    kind: 'once',
    column: 'once_minor',
    marks: '<path d="M-2 2L2-2M-2 10L10-2M6 10L10 6" fill="none" stroke-width="1.6"/>',
  },
] as const;

/** How the layers are filled, for one picture: a picture that is not shown lends its patterns to no other. */
export function patternsOf(picture: string): string {
  const patterns = layers.map(
    ({ kind, marks }) =>
      `<pattern id="${patternOf(picture, kind)}" class="${kind}" width="8" height="8" patternUnits="userSpaceOnUse"><path class="ground" d="M0 0H8V8H0z"/>${marks ?? ''}</pattern>`,
  );
  return `<defs>${patterns.join('')}</defs>`;
}

export function patternOf(picture: string, kind: string): string {
  return `giving-${picture}-${kind}`;
}

/** Draws the rows of the giving report, one bar a month. The libraries are fetched at the first drawing: the start stays quick. */
export async function drawGiving(words: Words, rows: readonly Row[], moneyIn: Currency): Promise<Drawn> {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const perMajor = 10 ** exponentOf(moneyIn);
  const barsOf = (picture: string) =>
    rows.flatMap((row) =>
      layers.map((layer) => ({
        month: String(row.period),
        fill: `url(#${patternOf(picture, layer.kind)})`,
        value: Number(row[layer.column]) / perMajor,
      })),
    );
  const labels = endLabels(words, rows.at(-1), perMajor);
  const most = Math.max(...rows.map((row) => Number(row.gross_minor) / perMajor), 1);
  const compact = new Intl.NumberFormat(words.locale, {
    style: 'currency',
    currency: moneyIn,
    notation: 'compact',
    maximumSignificantDigits: 3,
  });
  const draw = (size: {
    picture: 'wide' | 'narrow';
    width: number;
    height: number;
    marginRight: number;
    every: number;
    fontSize: number;
  }) => {
    const svg = plot.plot({
      document,
      width: size.width,
      height: size.height,
      marginTop: 20,
      marginLeft,
      marginRight: size.marginRight,
      marginBottom: 28,
      style: { fontSize: `${size.fontSize}px` },
      x: {
        type: 'band',
        padding: 0.28,
        label: null,
        tickSize: 0,
        tickFormat: (month: string, index: number) =>
          index % size.every === 0 ? monthText(words, month, index === 0) : '',
      },
      y: {
        label: null,
        ticks: 5,
        tickSize: 0,
        grid: true,
        domain: [0, most * 1.08],
        tickFormat: (value: number) => compact.format(value),
      },
      marks: [
        plot.barY(barsOf(size.picture), { x: 'month', y: 'value', fill: 'fill' }),
        plot.ruleY([0]),
        plot.text(size.every === 1 ? rows : [], {
          x: 'period',
          y: (row: Row) => Number(row.gross_minor) / perMajor,
          text: (row: Row) =>
            row.gross_minor === 0 ? '' : compact.format(Number(row.gross_minor) / perMajor),
          dy: -9,
        }),
        plot.text(size.picture === 'wide' ? spread(labels, most, size.height) : [], {
          x: () => rows.at(-1)?.period,
          y: 'at',
          text: 'text',
          textAnchor: 'start',
          dx: (size.width - marginLeft - size.marginRight) / Math.max(rows.length, 1) / 2,
        }),
      ],
    });
    return withoutStyle(svg).replace('>', `>${patternsOf(size.picture)}`);
  };
  return {
    wide: draw({ picture: 'wide', width: 1040, height: 300, marginRight: 112, every: 1, fontSize: 13 }),
    narrow: draw({ picture: 'narrow', width: 358, height: 260, marginRight: 8, every: 3, fontSize: 12 }),
  };
}

interface EndLabel {
  text: string;
  at: number;
}

/** What each layer is called, beside its part of the last bar, where the bar has that part. */
function endLabels(words: Words, last: Row | undefined, perMajor: number): EndLabel[] {
  let foot = 0;
  return layers.flatMap(({ column }) => {
    const value = Number(last?.[column] ?? 0) / perMajor;
    const at = foot + value / 2;
    foot += value;
    const figures = words.reports.figures;
    const names = {
      month_minor: figures.month.term,
      year_minor: figures.year.term,
      once_minor: figures.once.term,
    };
    return value > 0 ? [{ text: names[column], at }] : [];
  });
}

/** Moves labels apart where their parts are too thin to stand beside, keeping their order. */
function spread(labels: readonly EndLabel[], most: number, height: number): EndLabel[] {
  const line = (most * 16) / (height - 48);
  let least = line / 2;
  return labels.map((label) => {
    const at = Math.max(label.at, least);
    least = at + line;
    return { ...label, at };
  });
}

function monthText(words: Words, month: string, isFirst: boolean): string {
  const short = dateText(words, month, { month: 'short' }).replace('.', '');
  return isFirst || month.slice(5, 7) === '01' ? `${short} ${month.slice(0, 4)}` : short;
}

/** Plot writes a style element and sizes; the policy of our pages forbids the one, the page decides the other. */
function withoutStyle(svg: Element): string {
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const styled of svg.querySelectorAll('[style]')) styled.removeAttribute('style');
  for (const name of ['style', 'width', 'height', 'class']) svg.removeAttribute(name);
  for (const labelled of svg.querySelectorAll('[aria-label]')) labelled.removeAttribute('aria-label');
  // The page's own words stand for the whole picture.
  svg.setAttribute('aria-hidden', 'true');
  return svg.outerHTML;
}
