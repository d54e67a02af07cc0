// The page of `ferkit serve`: send files or camera frames to /predict and show the answer.

import { drawBoxes, element, percent, showFaces, showTimeline } from "./drawing.js";
import { toCsv } from "./table.js";

const find = (id) => document.getElementById(id);
const CAMERA_WIDTH = 640;
const CAMERA_PAUSE = 100; // milliseconds between an answer and the next frame
const MOST_CAMERA_ROWS = 10000;

const state = { items: [], failed: [], shown: null, labels: [], token: "", camera: null, work: 0 };

function say(text) {
  find("status").textContent = text;
}

function fail(text) {
  find("error").textContent = text;
  find("error").hidden = !text;
}

// Call the server. Throws an Error with the message of the server.
async function call(path, options = {}) {
  const headers = { ...(options.headers ?? {}), ...(state.token ? { Authorization: `Bearer ${state.token}` } : {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The server does not answer. Is it still running?");
  }
  if (answer.ok) return answer.json();
  const known = await answer.json().catch(() => ({}));
  const error = new Error(known.error ?? `The server answered with status ${answer.status}.`);
  throw Object.assign(error, { status: answer.status, problems: known.problems });
}

// Ask for the rows of a file. A video with too many frames is sent again with the step that the server names.
async function predict(file, every = 1) {
  const form = new FormData();
  form.append("file", file, file.name);
  try {
    return { ...(await call(`predict?every=${every}`, { method: "POST", body: form })), every };
  } catch (error) {
    const step = error.status === 413 && every === 1 && /every=(\d+)/.exec(error.message);
    if (!step) throw error;
    return predict(file, Number(step[1]));
  }
}

async function processFiles(files) {
  if (!files.length) return;
  stopCamera();
  const work = ++state.work;
  fail("");
  clear();
  const failures = [];
  for (const [number, file] of files.entries()) {
    say(`Processing ${file.name}${files.length > 1 ? ` (${number + 1} of ${files.length})` : ""} …`);
    try {
      const answer = await predict(file);
      if (work !== state.work) return;
      failures.push(...answer.problems.map((one) => `${one.file}: ${one.reason}`));
      addItem({ name: file.name, url: URL.createObjectURL(file), isVideo: file.type.startsWith("video/"), ...answer });
    } catch (error) {
      if (work !== state.work) return;
      failures.push(error.message);
      state.failed.push({ rows: [], problems: error.problems ?? [{ file: file.name, reason: error.message }] });
    }
    fail(failures.join(" "));
  }
  say(summarise());
  if (state.items.length) find("result-title").focus();
}

function summarise() {
  if (!state.items.length) return "";
  const count = state.items.reduce((sum, item) => sum + countFaces(item), 0);
  const step = state.items.find((item) => item.every > 1);
  const skipped = step ? ` 1 of ${step.every} video frames was processed.` : "";
  return `Done. ${count === 1 ? "1 face" : `${count} faces`} found.${skipped}`;
}

// Faces of an image, tracks of a video.
function countFaces(item) {
  const faces = item.rows.filter((row) => row.face !== null);
  return isMoving(item) ? new Set(faces.map((row) => row.track)).size : faces.length;
}

const isMoving = (item) => item.rows.some((row) => row.time !== null);

function clear() {
  for (const item of state.items) URL.revokeObjectURL(item.url);
  state.items = [];
  state.failed = [];
  state.shown = null;
  find("result").hidden = true;
  find("files").replaceChildren();
}

function addItem(item) {
  state.items.push(item);
  state.labels = item.labels;
  if (state.items.length === 1) show(item);
  if (state.items.length < 2) return;
  find("files").replaceChildren(...state.items.map((one) => {
    const button = element("button", `${one.name} (${countFaces(one)})`, { type: "button" });
    button.setAttribute("aria-pressed", String(one === state.shown));
    button.addEventListener("click", () => {
      for (const other of find("files").children) other.setAttribute("aria-pressed", String(other === button));
      show(one);
    });
    return button;
  }));
}

function show(item) {
  const [image, video] = [find("image"), find("video")];
  state.shown = item;
  find("result").hidden = false;
  find("stage").hidden = false;
  find("caption").textContent = item.name;
  image.hidden = item.isVideo;
  video.hidden = !item.isVideo;
  video.controls = true;
  video.srcObject = null;
  if (item.isVideo) video.src = item.url;
  else {
    video.removeAttribute("src"); // a hidden video would play on
    video.load();
    image.src = item.url;
  }
  image.alt = item.isVideo ? "" : describe(item);
  showRows(0);
  find("timeline").hidden = !isMoving(item);
  if (isMoving(item)) {
    const places = { tracks: find("tracks"), legend: find("legend"), moments: find("moments"), more: find("more-moments") };
    showTimeline(places, item.rows, item.labels, item.isVideo ? (time) => { video.currentTime = time; } : null);
  }
}

function describe(item) {
  const faces = item.rows.filter((row) => row.face !== null);
  const list = faces.map((row) => `face ${row.face}: ${row.label} ${percent(row.confidence)}`).join(", ");
  return `${item.name}. ${list || "No face"}`;
}

// Show the boxes and bars of the frame at a time; of an image, its only ones.
function showRows(time) {
  const item = state.shown;
  if (!item) return;
  let rows = item.rows;
  if (isMoving(item)) {
    const earlier = rows.filter((row) => row.time <= time + 0.001).at(-1) ?? rows[0];
    rows = rows.filter((row) => row.time === earlier.time);
  }
  showFaces(find("faces"), rows);
  redraw(rows);
}

function redraw(rows) {
  const [image, video] = [find("image"), find("video")];
  const isPlaying = !video.hidden;
  state.rows = rows;
  const isAnimation = !isPlaying && isMoving(state.shown); // its current frame is unknown
  drawBoxes(
    find("boxes"), isAnimation ? [] : rows,
    isPlaying ? video.videoWidth : image.naturalWidth, isPlaying ? video.videoHeight : image.naturalHeight,
  );
}

function followVideo() {
  if (state.camera || !state.shown?.isVideo) return;
  showRows(find("video").currentTime);
  for (const strip of find("tracks").querySelectorAll(".strip")) strip.moveTo(find("video").currentTime);
}

async function startCamera() {
  fail("");
  const before = state.work;
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: CAMERA_WIDTH } } });
  } catch (error) {
    fail(cameraProblem(error));
    return;
  }
  if (before !== state.work) {  // other work has begun during the question for permission
    stream.getTracks().forEach(track => track.stop());
    return;
  }
  const work = ++state.work;
  clear();
  state.camera = stream;
  const video = find("video");
  const item = { name: "camera", url: "", isVideo: true, rows: [], labels: state.labels, problems: [], every: 1 };
  state.items = [item];
  state.shown = item;
  find("result").hidden = find("stage").hidden = video.hidden = false;
  find("image").hidden = find("timeline").hidden = true;
  find("caption").textContent = "camera";
  video.controls = false;
  video.srcObject = state.camera;
  await video.play();
  find("camera").textContent = "Stop the camera";
  say("The camera is on. Frames are sent to this server.");
  await followCamera(item, work);
}

function cameraProblem(error) {
  if (error instanceof TypeError) return "This browser gives the camera only to pages on https or localhost.";
  if (error.name === "NotAllowedError") return "The camera was not allowed. Allow it in the browser's settings.";
  if (error.name === "NotFoundError") return "No camera was found.";
  return `The camera cannot be used: ${error.message}`;
}

// Send a frame, show the answer, and repeat until the camera stops.
async function followCamera(item, work) {
  const [video, canvas, began] = [find("video"), document.createElement("canvas"), performance.now()];
  for (let number = 0; state.camera && work === state.work; number++) {
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    const time = Math.round(performance.now() - began) / 1000;
    const content = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    try {
      const answer = await predict(new File([content], "camera"));
      if (!state.camera || work !== state.work) return;
      item.labels = state.labels = answer.labels;
      item.rows = [...item.rows, ...answer.rows.map((row) => ({ ...row, frame: number, time }))].slice(-MOST_CAMERA_ROWS);
      showFaces(find("faces"), answer.rows);
      redraw(answer.rows);
    } catch (error) {
      if (error.status !== 503) { // a busy server answers the next frame
        stopCamera();
        fail(error.message);
        return;
      }
    }
    await new Promise((done) => setTimeout(done, CAMERA_PAUSE));
  }
}

function stopCamera() {
  if (!state.camera) return;
  for (const track of state.camera.getTracks()) track.stop();
  state.camera = null;
  state.work++;
  find("camera").textContent = "Use the camera";
  find("stage").hidden = true;
  say("The camera is off. The CSV file has the rows of all its frames.");
}

function download() {
  const items = [...state.items, ...state.failed];
  const url = URL.createObjectURL(new Blob([toCsv(items, state.labels)], { type: "text/csv" }));
  const link = element("a", "", { href: url, download: "faces.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function fillList(id, texts) {
  find(id).replaceChildren(...texts.map((text) => element("li", text)));
}

async function showModel() {
  let model;
  try {
    [model] = (await call("models")).models;
  } catch (error) {
    find("token-form").hidden = error.status !== 401;
    find("input").hidden = error.status === 401;
    fail(error.status === 401 ? "" : error.message);
    return false;
  }
  find("token-form").hidden = true;
  find("input").hidden = false;
  find("model-line").textContent = `Model: ${model.name}, ${model.labels.length} expressions.`;
  fillList("limits", model.limits);
  fillList("prohibited", model.prohibited);
  find("prohibited-block").hidden = !model.prohibited.length;
  const details = { name: model.title, expressions: model.labels.join(", "), "face detector": model.detector, SHA256: model.sha256 };
  find("details").replaceChildren(...Object.entries(details).filter(([, text]) => text).map(([name, text]) => {
    const row = element("tr");
    row.append(element("th", name, { scope: "row" }), element("td", text));
    return row;
  }));
  find("card").textContent = model.card;
  find("card-block").hidden = !model.card;
  find("model-block").hidden = false;
  return true;
}

async function sendToken(event) {
  event.preventDefault();
  state.token = find("token").value.trim();
  if (await showModel()) say("");
  else say("This token is not valid.");
}

function acceptDrops() {
  const drop = find("drop");
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    processFiles([...event.dataTransfer.files]);
  });
}

find("file").addEventListener("change", (event) => {
  processFiles([...event.target.files]);
  event.target.value = "";
});
find("camera").addEventListener("click", () => (state.camera ? stopCamera() : startCamera()));
find("download").addEventListener("click", download);
find("token-form").addEventListener("submit", sendToken);
find("image").addEventListener("load", () => redraw(state.rows ?? []));
// An error of an earlier file, whose address has been revoked, may come late.
for (const name of ["image", "video"]) {
  find(name).addEventListener("error", (event) => {
    if (state.shown?.url && event.target.src === state.shown.url) find("stage").hidden = true;
  });
}
for (const name of ["timeupdate", "loadedmetadata", "seeked"]) find("video").addEventListener(name, followVideo);
new ResizeObserver(() => state.shown && state.rows && redraw(state.rows)).observe(find("boxes"));
acceptDrops();
showModel();
