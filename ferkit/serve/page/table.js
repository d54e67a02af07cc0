// Rows as CSV, as `POST /predict?format=csv`: the columns of `ferkit predict --out faces.csv`, and `problem`.

const LANDMARKS = ["eye_left", "eye_right", "nose", "mouth_left", "mouth_right"];
const FORMULA = /^'*[=+\-@\t\r]/; // the start of a cell that a spreadsheet would compute

// items: {rows, problems: [{file, reason}]}
export function toCsv(items, labels) {
  const heading = [
    "file", "frame", "time", "face", "track", "x0", "y0", "x1", "y1", "face_score",
    ...LANDMARKS.flatMap((name) => [`${name}_x`, `${name}_y`]),
    ...labels.map((label) => `p_${label}`), "label", "confidence", "abstained", "problem",
  ];
  const records = items.flatMap((item) => [
    ...item.rows.map((row) => record(row, labels)),
    ...item.problems.map((one) => [one.file, ...Array(heading.length - 2).fill(null), one.reason]),
  ]);
  return [heading, ...records].map((cells) => cells.map(cell).join(",") + "\n").join("");
}

function record(row, labels) {
  return [
    row.file, row.frame, row.time, row.face, row.track,
    ...(row.box ?? Array(4).fill(null)), row.face_score,
    ...(row.landmarks ?? Array(5).fill([null, null])).flat(),
    ...labels.map((label) => row.probabilities?.[label]),
    row.label, row.confidence, row.face === null ? null : row.abstained, null,
  ];
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
