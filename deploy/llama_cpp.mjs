// Read what should come (same_answers.py) and let llama.cpp continue the same texts from a GGUF
// file: node llama_cpp.mjs MODEL.gguf EXPECTED.jsonl. Ends with 1 if a token differs.
import fs from "node:fs";
import {getLlama} from "node-llama-cpp";

const [path, expected] = process.argv.slice(2);
// One thread: several wait for one another longer than a small model computes.
const options = {gpu: false, build: "never", logLevel: "error", maxThreads: 1};
const llama = await getLlama(options);
const model = await llama.loadModel({modelPath: path});
const same = (one, other) => JSON.stringify([...one]) === JSON.stringify([...other]);
let cuts = 0;
let answers = 0;
let tokens = 0;
const lines = fs.readFileSync(expected, "utf8").trim().split("\n").map((line) => JSON.parse(line));
for (const {text, ids, new: ours} of lines) {
    const theirCut = model.tokenize(text, text.startsWith("<s>"));
    const context = await model.createContext({contextSize: 256, threads: 1});
    const theirs = [];
    const greedy = {temperature: 0, yieldEogToken: true};
    for await (const token of context.getSequence().evaluate(ids, greedy)) {
        theirs.push(token);
        if (theirs.length === ours.length) break;
    }
    await context.dispose();
    cuts += same(theirCut, ids);
    answers += same(theirs, ours);
    tokens += theirs.length;
    if (!same(theirCut, ids)) console.log("OTHER cut", text, theirCut, ids);
    if (!same(theirs, ours)) console.log("OTHER tokens after", text, theirs, ours);
}
console.log(`${cuts} of ${lines.length} texts cut alike`);
console.log(`${answers} of ${lines.length} continued alike, ${tokens} tokens`);
process.exit(cuts < lines.length || answers < lines.length ? 1 : 0);
