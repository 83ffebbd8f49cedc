/** The known name that is closest to `wrong`. Undefined if none is close. */
export function nearMiss(wrong: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(wrong.length / 3));
  for (const name of names) {
    const distance = editDistance(wrong.toLowerCase(), name.toLowerCase());
    if (distance > least || (distance === least && nearest !== undefined)) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

/** Edit distance, by the algorithm of Wagner and Fischer with one row at a time. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const [left = 0, up = 0, corner = 0] = [current[column], above[column + 1], above[column]];
      current.push(Math.min(left + 1, up + 1, corner + (letter === other ? 0 : 1)));
    }
    above = current;
  }
  return above.at(-1) ?? 0;
}
