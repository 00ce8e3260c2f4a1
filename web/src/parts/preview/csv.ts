// Rows of comma-separated text (RFC 4180), at most `most`; the separator is the one of , ; tab that the first line has most.
export function csvRows(text: string, most: number): string[][] {
  const line = text.slice(0, text.indexOf("\n") === -1 ? text.length : text.indexOf("\n"));
  const separator = [",", ";", "\t"].map((one) => [line.split(one).length, one] as const).sort((a, b) => b[0] - a[0])[0]?.[1] ?? ",";
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let i = 0; i < text.length && rows.length < most; i++) {
    const c = text[i];
    if (isQuoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') { cell += '"'; i++; }
      else isQuoted = false;
    } else if (c === '"' && cell === "") isQuoted = true;
    else if (c === separator) { row.push(cell); cell = ""; }
    else if (c === "\n") {
      row.push(cell);
      rows.push(row);
      row = [];
      cell = "";
    } else if (c !== "\r") cell += c;
  }
  if (rows.length < most && (cell !== "" || row.length > 0)) rows.push([...row, cell]);
  return rows;
}
