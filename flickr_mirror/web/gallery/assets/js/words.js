// The words of texts, as the builder cuts and folds them (words.py), and the queries that people type.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const BASE = { đ: "d", ð: "d", ø: "o", ł: "l", ħ: "h", ŧ: "t", ı: "i", ß: "ss", æ: "ae", œ: "oe", þ: "th" };
    const CJK = /([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}])/gu;
    const FIELDS = { title: 1, description: 2, tag: 4, comment: 8 };

    app.spellings = (text) =>
        text
            .normalize("NFC")
            .replace(CJK, " $1 ")
            .toLowerCase()
            .match(/[\p{L}\p{N}\p{Co}\p{Mn}\p{Mc}]+/gu) || [];
    app.plain = (word) =>
        word
            .normalize("NFD")
            .replace(/\p{Mn}/gu, "")
            .replace(/[đðøłħŧıßæœþ]/g, (letter) => BASE[letter])
            .normalize("NFC");

    // Return the terms of a query: words that must follow each other, the fields they may be in (0 for all), whether they
    // are excluded, and whether the last word may go on. Filters such as year:1966 are `filters`.
    app.parse = function (text) {
        const terms = [],
            filters = [];
        const pattern = /(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/gi;
        for (const [whole, minus, name, quoted, single] of text.matchAll(pattern)) {
            const field = (name || "").toLowerCase();
            const value = quoted === undefined ? single : quoted;
            if (["year", "album", "licence", "license", "has", "is"].includes(field)) {
                filters.push({
                    field: field === "license" ? "licence" : field,
                    value: value.toLowerCase(),
                    excluded: minus === "-",
                });
                continue;
            }
            const known = field in FIELDS;
            const words = app.spellings(known || !name ? value : whole.replace(/^-/, ""));
            if (words.length) {
                terms.push({
                    words,
                    fields: known ? FIELDS[field] : 0,
                    excluded: minus === "-",
                    isPhrase: words.length > 1,
                    isPrefix: quoted === undefined || !whole.endsWith('"') || whole.endsWith(':"'),
                });
            }
        }
        return { terms, filters };
    };
})();
