// What all views are written with. Texts become text nodes, and attributes strings: there is no way
// from a text to markup, and the page's Content-Security-Policy refuses one (Trusted Types).
import { h, render, Component, createRef } from '../vendor/preact/preact.mjs';
import htm from '../vendor/htm/htm.mjs';

export const html = htm.bind(h);
export { render, Component, createRef };
