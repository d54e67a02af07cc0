// Draw boxes, bars and time lines. Everything from the server is inserted as text.

const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c6bb1", "#7f7f7f"];
const MOST_MOMENTS = 200;

// The colour of text on a colour of the palette, by its luminance.
function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#10151a" : "#ffffff";
}

export const colourOf = (number) => PALETTE[number % PALETTE.length];
export const percent = (value) => `${(100 * value).toFixed(1)}%`;
const seconds = (time) => `${time.toFixed(1)} s`;
const nameOf = (row) => (row.track === null ? `Face ${row.face}` : `Track ${row.track}`);
const numberOf = (row) => (row.track ?? row.face) - 1;

export function element(name, text = "", properties = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  return Object.assign(made, properties);
}

// Draw the boxes of rows over an image of width × height pixels.
export function drawBoxes(canvas, rows, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  if (!width || !canvas.width) return;
  const pen = canvas.getContext("2d");
  const scale = canvas.width / width;
  const size = Math.round(14 * ratio);
  pen.font = `600 ${size}px system-ui, sans-serif`;
  for (const row of rows.filter((one) => one.face !== null)) {
    const [x0, y0, x1, y1] = row.box.map((edge) => edge * scale);
    const text = `${numberOf(row) + 1} ${row.label}`;
    const wide = pen.measureText(text).width + size * 0.8;
    const top = y0 > size * 1.6 ? y0 - size * 1.5 : Math.max(0, y0);
    pen.strokeStyle = pen.fillStyle = colourOf(numberOf(row));
    pen.lineWidth = 3 * ratio;
    pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
    const left = Math.max(0, Math.min(x0 - 1.5 * ratio, canvas.width - wide));
    pen.fillRect(left, top, wide, size * 1.5);
    pen.fillStyle = inkOn(colourOf(numberOf(row)));
    pen.fillText(text, left + size * 0.4, top + size * 1.1);
  }
}

// Show the bars of each face.
export function showFaces(place, rows) {
  const faces = rows.filter((row) => row.face !== null);
  place.replaceChildren(...(faces.length ? faces.map(makeFace) : [element("p", "No face was found.", { className: "panel" })]));
}

function makeFace(row) {
  const made = element("section", "", { className: "face" });
  made.style.setProperty("--colour", colourOf(numberOf(row)));
  const bars = element("ul", "", { className: "bars" });
  const sorted = Object.entries(row.probabilities).sort((one, other) => other[1] - one[1]);
  for (const [label, value] of sorted) {
    const item = element("li");
    const bar = element("span", "", { className: "bar" });
    const inner = element("span");
    inner.style.width = percent(value);
    bar.append(inner);
    bar.setAttribute("aria-hidden", "true");
    item.append(element("span", label), bar, element("span", percent(value), { className: "value" }));
    bars.append(item);
  }
  const answer = element("p", `${row.label} ${percent(row.confidence)}`, { className: "answer" });
  made.append(element("h3", nameOf(row)), answer, bars);
  return made;
}

// Join consecutive rows of a track with the same label.
export function findMoments(rows) {
  const tracks = new Map();
  const times = [...new Set(rows.map((row) => row.time))].sort((one, other) => one - other);
  const next = new Map(times.map((time, i) => [time, times[i + 1] ?? time + (i ? time - times[i - 1] : 0.04)]));
  for (const row of rows.filter((one) => one.face !== null)) {
    const moments = tracks.get(row.track) ?? [];
    tracks.set(row.track, moments);
    const last = moments.at(-1);
    if (last && last.label === row.label && last.to === row.time) {
      last.to = next.get(row.time);
      last.confidences.push(row.confidence);
    } else {
      moments.push({ track: row.track, label: row.label, from: row.time, to: next.get(row.time), confidences: [row.confidence] });
    }
  }
  return [...tracks.values()].flat();
}

// Show a strip for each track, and the same as a table. `seek` is called with a time, or null if nothing plays.
export function showTimeline(places, rows, labels, seek) {
  const moments = findMoments(rows);
  const ends = Math.max(0.04, ...moments.map((one) => one.to), ...rows.map((row) => row.time));
  const numbers = [...new Set(moments.map((one) => one.track))];
  const axis = element("div", "", { className: "axis" });
  axis.append(element("span", seconds(0)), element("span", seconds(ends)));
  places.tracks.replaceChildren(
    ...numbers.map((number) => makeStrip(number, moments.filter((one) => one.track === number), labels, ends, seek)), axis,
  );
  const used = labels.filter((label) => moments.some((one) => one.label === label));
  places.legend.replaceChildren(...used.map((label) => {
    const swatch = element("span");
    swatch.style.background = colourOf(labels.indexOf(label));
    const item = element("li");
    item.append(swatch, label);
    return item;
  }));
  places.moments.replaceChildren(...moments.slice(0, MOST_MOMENTS).map((one) => makeMoment(one, seek)));
  const others = moments.length - MOST_MOMENTS;
  places.more.textContent = others > 0 ? `${others} more rows are in the CSV file.` : "";
}

function makeStrip(number, moments, labels, ends, seek) {
  const made = element("div", "", { className: "track" });
  const strip = element("div", "", { className: "strip" });
  for (const one of moments) {
    const part = element("span", "", { title: `${one.label}, ${seconds(one.from)} to ${seconds(one.to)}` });
    part.style.left = percent(one.from / ends);
    part.style.width = percent((one.to - one.from) / ends);
    part.style.background = colourOf(labels.indexOf(one.label));
    strip.append(part);
  }
  const now = element("span", "", { className: "now", hidden: !seek });
  strip.append(now);
  strip.moveTo = (time) => { now.style.left = percent(Math.min(time / ends, 1)); };
  if (seek) strip.addEventListener("click", (event) => seek((ends * event.offsetX) / strip.clientWidth));
  made.append(element("span", `Track ${number}`), strip);
  return made;
}

function makeMoment(one, seek) {
  const row = element("tr");
  const from = element("td");
  if (seek) {
    const button = element("button", seconds(one.from), { type: "button" });
    button.setAttribute("aria-label", `Go to ${seconds(one.from)}`);
    button.addEventListener("click", () => seek(one.from));
    from.append(button);
  } else {
    from.textContent = seconds(one.from);
  }
  const mean = one.confidences.reduce((sum, value) => sum + value, 0) / one.confidences.length;
  row.append(
    element("td", String(one.track)), from, element("td", seconds(one.to)), element("td", one.label),
    element("td", percent(mean), { className: "number" }),
  );
  return row;
}
