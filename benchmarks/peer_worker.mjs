// Run face-api's models over images again and again, for benchmarks/peers.py.
//
//   node peer_worker.mjs NODE_MODULES IMAGES.json MODEL
//
// MODEL is the detector: tiny or ssd. The images are next to the list, as raw RGB bytes. It prints
// {"ready": ...}. Then it prints {"faces": n} for each line that it reads, after it has processed all images.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";

const [modules, list, model] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "anchor.js"));
const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
console.log = console.error;

const tf = require("@tensorflow/tfjs");
const wasm = require("@tensorflow/tfjs-backend-wasm");
const faceapi = require("@vladmandic/face-api/dist/face-api.node-wasm.js");

wasm.setWasmPaths(join(resolve(modules), "@tensorflow/tfjs-backend-wasm/dist/"));
await tf.setBackend("wasm");
await tf.ready();
const weights = join(resolve(modules), "@vladmandic/face-api/model");
const [detector, options] =
  model === "tiny"
    ? [faceapi.nets.tinyFaceDetector, new faceapi.TinyFaceDetectorOptions()]
    : [faceapi.nets.ssdMobilenetv1, new faceapi.SsdMobilenetv1Options()];
await detector.loadFromDisk(weights);
await faceapi.nets.faceExpressionNet.loadFromDisk(weights);

const images = JSON.parse(readFileSync(list)).map(({ file, width, height }) => {
  const pixels = new Uint8Array(readFileSync(join(dirname(list), file)));
  return tf.tensor3d(pixels, [height, width, 3], "int32");
});
say({ ready: `face-api ${faceapi.version}, backend ${tf.getBackend()}` });

for await (const _ of createInterface({ input: process.stdin })) {
  let faces = 0;
  for (const image of images) {
    faces += (await faceapi.detectAllFaces(image, options).withFaceExpressions()).length;
  }
  say({ faces });
}
