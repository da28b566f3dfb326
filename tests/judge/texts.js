// Texts and id sequences to compare tokenizers on: the same for the same seed.
'use strict';
const fs = require('fs');
const path = require('path');

function dice(seed) {
	let s = seed >>> 0;
	const next = () => {
		s = (s + 0x6d2b79f5) >>> 0;
		let x = Math.imul(s ^ (s >>> 15), 1 | s);
		x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
		return (x ^ (x >>> 14)) >>> 0;
	};
	const below = (n) => (n > 0 ? Math.floor((next() / 4294967296) * n) : 0);
	return { below, pick: (a) => a[below(a.length)] };
}

const point = (d, ranges) => {
	const [from, to] = d.pick(ranges);
	return String.fromCodePoint(from + d.below(to - from + 1));
};
const many = (d, most, make) => {
	let s = '';
	for (let n = 1 + d.below(most); n > 0; n--) s += make();
	return s;
};

const SPACES = [' ', ' ', ' ', '  ', '\n', '\n', '\r', '\r\n', '\t', '\v', '\f', '\u0085', '\u00a0', '\u1680', '\u180e',
	'\u2003', '\u200b', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\ufeff'];
const CJK = [[0x4e00, 0x9fff], [0x4e00, 0x9fa5], [0x3040, 0x30ff], [0xac00, 0xd7a3], [0x3400, 0x4dbf], [0xff00, 0xffef],
	[0x20000, 0x2a6df], [0x3000, 0x303f]];
const LETTERS = [[0x61, 0x7a], [0x41, 0x5a], [0xc0, 0x24f], [0x370, 0x3ff], [0x400, 0x4ff], [0x5d0, 0x5ea], [0x620, 0x64a],
	[0x900, 0x97f], [0xe00, 0xe3a], [0x1c5, 0x1cc], [0x2b0, 0x2ff], [0x1d400, 0x1d7ff], [0x10a0, 0x10ff]];
const DIGITS = [[0x30, 0x39], [0x30, 0x39], [0x660, 0x669], [0xb2, 0xb3], [0xbc, 0xbe], [0x2160, 0x2188], [0x2460, 0x249b],
	[0xff10, 0xff19], [0x1d7ce, 0x1d7ff], [0x3021, 0x3029]];
const MARKS = [[0x300, 0x36f], [0x300, 0x345], [0x591, 0x5bd], [0x64b, 0x65f], [0x93c, 0x94d], [0xe31, 0xe3a], [0x1161, 0x11c2],
	[0x3099, 0x309a], [0x20d0, 0x20f0], [0xfe00, 0xfe0f]];
const NFC = [[0xc0, 0x17f], [0x1e00, 0x1fff], [0x1100, 0x11ff], [0xf900, 0xfaff], [0x2f800, 0x2fa1d], [0x2126, 0x212b], [0xac00, 0xac40],
	[0x9c7, 0x9d7], [0xfb1d, 0xfb4f], [0x1d15e, 0x1d164], [0x11099, 0x110ba], [0x300, 0x345]];
const PUNCT = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'.split('').concat(['\u2019', '\u201c', '\u2026', '\u2014', '\u3002', '\uff0c',
	'\u00a7', '\u00b1', '\u20ac', '\u2192', '\u00a9', '\u2581', '\uff5c']);
const EMOJI = ['\u{1f600}', '\u{1f44d}\u{1f3fd}', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', '\u2764\ufe0f', '\u{1f1e9}\u{1f1ea}', '1\ufe0f\u20e3', '\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}',
	'\u{1f9d1}\u200d\u{1f680}', '\u2705', '\u{1fae0}', '\u{1fae8}', '\u{1faf7}', '\u{31350}\u4e00', '\u{11bf0}'];
const ENDINGS = ["'s", "'S", "'t", "'RE", "'ve", "'m", "'Ll", "'d", "'\u017f", "'x", "\u2019s", "''s", "'", "'D", "'\u017fs", "'lL"];
const WORDS = ['the', 'The', 'HTTPServer', 'iPhone', 'don', 'camelCaseWord', 'ALLCAPS', 'na\u00efve', 'stra\u00dfe', 'x', 'I', 'return', 'self', '__init__', '0x1f', 'www'];

// Words of several kinds strung together.
const PIECES = {
	letters: (d) => many(d, 8, () => point(d, LETTERS)),
	words: (d) => d.pick(WORDS) + (d.below(2) ? d.pick(ENDINGS) : '') + (d.below(3) ? ' ' : ''),
	cjk: (d) => many(d, 12, () => point(d, CJK)),
	digits: (d) => many(d, 9, () => point(d, DIGITS)),
	spaces: (d) => many(d, 6, () => d.pick(SPACES)),
	punct: (d) => many(d, 5, () => d.pick(PUNCT)),
	emoji: (d) => many(d, 3, () => d.pick(EMOJI)),
	marks: (d) => point(d, LETTERS) + many(d, 4, () => point(d, MARKS)),
	nfc: (d) => many(d, 8, () => point(d, NFC)),
	ascii: (d) => many(d, 20, () => String.fromCharCode(d.below(128))),
	repeat: (d) => d.pick([' ', '\n', 'a', '-', '\u3042', '0', '\t', '=', 'ab', '\r\n', 'A']).repeat(1 + d.below(200)),
};
const KINDS = Object.keys(PIECES);

function pieces(d, added) {
	const n = 1 + d.below(12);
	const only = d.below(4) === 0 ? d.pick(KINDS) : null;
	let s = '';
	for (let i = 0; i < n; i++) {
		if (added.length && d.below(25) === 0) {
			const a = d.pick(added);
			s += d.below(5) ? a : a.slice(0, 1 + d.below(a.length)).toWellFormed();
		}
		s += PIECES[only || d.pick(KINDS)](d);
	}
	return s;
}

const slice = (d, text, most) => {
	const from = d.below(text.length);
	return text.slice(from, from + 1 + d.below(most)).toWellFormed();
};

function sources(root) {
	const out = [];
	for (const dir of ['engine/load', 'engine/base', 'tests/e2e', 'tests/unit'])
		for (const f of fs.readdirSync(path.join(root, dir)).sort())
			if (/\.(c|h|sh)$/.test(f)) out.push(fs.readFileSync(path.join(root, dir, f), 'utf8'));
	return out.join('\n');
}

// n texts: generated pieces, prose when there is some, source code.
exports.texts = (seed, n, root, prose, added) => {
	const d = dice(seed);
	const code = sources(root);
	const out = [''];
	while (out.length < n) {
		const k = d.below(10);
		if (k < 2 && prose) out.push(slice(d, prose, d.below(20) ? 800 : 20000));
		else if (k < 4) out.push(slice(d, code, d.below(20) ? 600 : 8000));
		else out.push(pieces(d, added));
	}
	return out;
};

// n id sequences: consecutive ids as in the benchmark's prompts, random ones, some beyond the last.
exports.ids = (seed, n, size) => {
	const d = dice(seed);
	const out = [];
	while (out.length < n) {
		const len = 1 + d.below(d.below(10) ? 60 : 2000);
		const first = d.below(size);
		const kind = d.below(3);
		const ids = [];
		for (let i = 0; i < len; i++)
			ids.push(kind === 0 ? (first + i) % size : kind === 1 ? d.below(size) : d.below(400) % size);
		if (d.below(20) === 0) ids[d.below(len)] = size + d.below(5);
		out.push(ids);
	}
	return out;
};
exports.dice = dice;
