// A table of figures as the bench prints it: a title, what to know in order to read it, and columns under their heads.
export interface Table {
  title: string;
  notes: string[];
  head: string[];
  lines: string[][];
}

export function print({ title, notes, head, lines }: Table): void {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const row = (cells: string[]) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ');
  console.log([title, '', row(head), ...lines.map(row), '', ...notes, ''].join('\n'));
}

export function whole(figure: number): string {
  return Math.round(figure).toLocaleString('en');
}

/** A figure as a multiple of its floor. */
export function share(figure: number, floor: number): string {
  return `${(figure / floor).toFixed(2)}×`;
}
