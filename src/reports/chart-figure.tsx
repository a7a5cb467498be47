// A chart on a page: the picture for wide and for narrow pages, said in words, and the parts of its bars without colour.
import type { VNode } from 'preact';
import type { Words } from '../words/words.ts';
import { type Drawn, type Line, type Part, patternOf, patternsOf, sampleOf } from './chart.ts';

export function ChartFigure({
  words,
  drawn,
  text,
  parts,
  lines = [],
}: {
  words: Words;
  drawn: Drawn;
  /** What it shows, for those who do not see it. */
  text: string;
  parts: readonly Part[];
  lines?: readonly Line[];
}): VNode {
  return (
    <>
      <figure class="chart" {...(!drawn.linked && { role: 'img' })} aria-label={text}>
        <Picture kind="wide" svg={drawn.wide} />
        <Picture kind="narrow" svg={drawn.narrow} />
      </figure>
      {parts.length > 0 && <Legend words={words} parts={parts} />}
      {lines.length > 0 && <LinesLegend words={words} lines={lines} />}
    </>
  );
}

/** Drawn by ourselves; what strangers named stands in it as text alone, escaped as the picture is written out. */
function Picture({ kind, svg }: { kind: 'wide' | 'narrow'; svg: string }): VNode {
  const drawn = { dangerouslySetInnerHTML: { __html: svg } };
  return <div class={kind} {...drawn} />;
}

/** The parts of the bars that there are, from the top, each as it is filled. */
function Legend({ words, parts }: { words: Words; parts: readonly Part[] }): VNode {
  return (
    <ul class="parts small" aria-label={words.reports.legend}>
      {parts.toReversed().map(({ tone, term }) => {
        const picture = `legend-${tone}`;
        const patterns = { dangerouslySetInnerHTML: { __html: patternsOf(picture, [tone]) } };
        return (
          <li>
            <svg class="chart" viewBox="0 0 24 16" width="24" height="16" aria-hidden="true">
              <g {...patterns} />
              <rect width="24" height="16" fill={`url(#${patternOf(picture, tone)})`} />
            </svg>
            {term}
          </li>
        );
      })}
    </ul>
  );
}

function LinesLegend({ words, lines }: { words: Words; lines: readonly Line[] }): VNode {
  return (
    <ul class="parts small" aria-label={words.reports.linesLegend}>
      {lines.map(({ term }, at) => {
        const sample = { dangerouslySetInnerHTML: { __html: sampleOf(at) } };
        return (
          <li>
            <svg class="chart" viewBox="0 0 24 16" width="24" height="16" aria-hidden="true">
              <g {...sample} />
            </svg>
            {term}
          </li>
        );
      })}
    </ul>
  );
}
