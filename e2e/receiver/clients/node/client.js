// A program with dd-trace's profiler and tracer on, which works until its standard input ends.
const tracer = require("dd-trace").init();

function fill(count) {
  return Array.from({ length: count }, (_, number) => String(number).repeat(3));
}

let kept = [];
const worker = setInterval(() => tracer.trace("work", { resource: "fill" }, () => (kept = fill(20000))), 5);
process.stdin.resume().on("end", () => clearInterval(worker));
