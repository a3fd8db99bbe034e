// faults.mjs FOLDER: what is wrong with objects of Strimzi's kinds, by its CRDs as the npm package @kubernetes-models/strimzi-kafka-operator, installed in FOLDER, has them:
// a validator for each kind, which lets pass what it does not know, and a type for each, with which TypeScript finds just that. A JSON list of objects comes on standard
// input; a list of lists of texts goes to standard output.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const installed = path => import(pathToFileURL(`${folder}/node_modules/${path}`));
const ts = (await installed("typescript/lib/typescript.js")).default;
const things = JSON.parse(readFileSync(0, "utf8"));
const versions = new Map();
for (const { apiVersion } of things) {
    if (!versions.has(apiVersion)) versions.set(apiVersion, await installed(`@kubernetes-models/strimzi-kafka-operator/${apiVersion}/index.js`).catch(() => ({})));
}
const isKnown = ({ apiVersion, kind }) => kind in versions.get(apiVersion);

function* invalid(thing) {
    try {
        new (versions.get(thing.apiVersion)[thing.kind])(thing).validate();
    } catch (error) {
        if (!error.errors) throw error;
        for (const { instancePath, message } of error.errors) yield `${instancePath}: ${message}`;
    }
}

// A literal of that type may have no member that the type has not.
const fileOf = number => `${folder}/thing-${number}.ts`;
const source = ({ apiVersion, kind }, text) => `import { I${kind} } from "@kubernetes-models/strimzi-kafka-operator/${apiVersion}";\nexport const thing: I${kind} = ${text};\n`;
const files = new Map(things.flatMap((thing, number) => isKnown(thing) ? [[fileOf(number), source(thing, JSON.stringify(thing, null, 1))]] : []));
const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = name => files.has(name) || fileExists(name);
host.readFile = name => files.get(name) ?? readFile(name);
host.getSourceFile = (name, ...rest) => files.has(name) ? ts.createSourceFile(name, files.get(name), options.target) : getSourceFile(name, ...rest);
const program = ts.createProgram([...files.keys()], options, host);

const faults = things.map((thing, number) => {
    if (!isKnown(thing)) return [`nobody knows ${thing.apiVersion} ${thing.kind}`];
    const mistyped = ts.getPreEmitDiagnostics(program, program.getSourceFile(fileOf(number))).map(found => ts.flattenDiagnosticMessageText(found.messageText, " "));
    return [...invalid(thing), ...mistyped];
});
console.log(JSON.stringify(faults));
