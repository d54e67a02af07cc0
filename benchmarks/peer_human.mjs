// Run human's detector and expression model over images again and again, for benchmarks/peers.py.
//
//   node peer_human.mjs NODE_MODULES IMAGES.json
//
// The images and the answers are as in peer_worker.mjs.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, list] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "anchor.js"));
const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
console.log = console.error;

// Its models are files, which node's fetch does not read.
const fetchWeb = globalThis.fetch;
globalThis.fetch = async (url, options) =>
  String(url).startsWith("file:") ? new Response(readFileSync(new URL(url))) : fetchWeb(url, options);

const { Human } = require(join(resolve(modules), "@vladmandic/human/dist/human.node-wasm.js"));
const off = { enabled: false };
const human = new Human({
  backend: "wasm",
  wasmPath: join(resolve(modules), "@tensorflow/tfjs-backend-wasm/dist/"),
  modelBasePath: pathToFileURL(join(resolve(modules), "@vladmandic/human/models/")).href,
  cacheSensitivity: 0,
  face: {
    enabled: true,
    detector: { maxDetected: 10, rotation: false },
    emotion: { enabled: true },
    mesh: off,
    iris: off,
    description: off,
    antispoof: off,
    liveness: off,
  },
  filter: off,
  body: off,
  hand: off,
  object: off,
  gesture: off,
  segmentation: off,
});
await human.load();
const tf = human.tf;
const images = JSON.parse(readFileSync(list)).map(({ file, width, height }) => {
  const pixels = new Uint8Array(readFileSync(join(dirname(list), file)));
  return tf.tensor4d(pixels, [1, height, width, 3], "int32");
});
say({ ready: `human ${human.version}, backend ${tf.getBackend()}` });

for await (const _ of createInterface({ input: process.stdin })) {
  let faces = 0;
  for (const image of images) {
    const found = await human.detect(image);
    faces += found.face.filter((one) => one.emotion?.length).length;
  }
  say({ faces });
}
