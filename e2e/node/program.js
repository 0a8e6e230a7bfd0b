// program.js: memory of C, by functions of JavaScript that the test knows.
const zlib = require("zlib");

function keeps(count) {
  const blocks = [];
  for (let i = 0; i < count; i++) {
    blocks.push(Buffer.allocUnsafeSlow(64 * 1024));
  }
  return blocks;
}

function compresses(count) {
  for (let i = 0; i < count; i++) {
    zlib.deflateSync(Buffer.alloc(100_000, "a" + i));
  }
}

function main() {
  const blocks = keeps(500);
  compresses(300);
  return blocks;
}

globalThis.blocks = main();
console.log(process.pid);
