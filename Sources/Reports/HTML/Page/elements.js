// SPDX-License-Identifier: Apache-2.0

// Names go into the page as text nodes and attribute values only: nothing in them is ever read as markup.

/// An element with properties (`class`, `on...`, attributes) and children (elements or texts; null is left out).
function element(tag, properties, ...children) {
    return furnish(document.createElement(tag), properties, children);
}

/// The same for SVG.
function shape(tag, properties, ...children) {
    return furnish(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);
}

function furnish(made, properties, children) {
    for (const [name, value] of Object.entries(properties ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        if (typeof value === 'function') made.addEventListener(name.slice(2), value);
        else made.setAttribute(name, value === true ? '' : value);
    }
    for (const child of children.flat(Infinity)) {
        if (child !== null && child !== undefined && child !== false && child !== '') made.append(child);
    }
    return made;
}

function button(label, press, properties) {
    return element('button', { type: 'button', onclick: press, ...properties }, label);
}

/// A text of names, in which a name is not broken at its arrows.
function phrase(text) {
    return text.split(' ').flatMap((word, index) => [
        index === 0 ? null : ' ', word.includes('->') ? element('span', { class: 'word' }, word) : word,
    ]);
}

/// A text that leads somewhere.
function link(label, press) {
    return button(label, press, { class: 'link mono' });
}

/// `<details>` whose content is made when it is first opened.
function folding(properties, summary, content) {
    const made = element('details', properties, element('summary', null, summary));
    const fill = () => {
        if (made.open && made.childElementCount === 1) made.append(element('div', { class: 'body' }, content()));
    };
    made.addEventListener('toggle', fill);
    made.unfold = () => {
        made.open = true;
        fill();
    };
    return made;
}

/// An element whose inner one gets the first items (at least `least`), and more as the end comes into sight.
function lazily(root, inner, items, make, size = 50, least = 0) {
    let shown = 0;
    const more = button('', () => show(), { class: 'more' });
    const holder = element('div', null, root);
    const observer = new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting)) show();
    }, { rootMargin: '400px' });
    function show() {
        inner.append(...items.slice(shown, shown + size).map(make));
        shown = Math.min(shown + size, items.length);
        // Observing anew reports at once whether the button is still in sight.
        observer.disconnect();
        more.remove();
        if (shown === items.length) return;
        more.textContent = `Show ${Math.min(size, items.length - shown)} of ${items.length - shown} more`;
        holder.append(more);
        observer.observe(more);
    }
    show();
    while (shown < least) show();
    return holder;
}

/// Nanoseconds with three digits.
function duration(nanoseconds) {
    const units = ['ns', 'us', 'ms', 's'];
    let value = nanoseconds;
    let unit = 0;
    while (value >= 999.5 && unit < 3) {
        value /= 1000;
        unit += 1;
    }
    const decimals = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return `${value.toFixed(decimals)} ${units[unit]}`;
}

function counted(count, noun, plural = `${noun}s`) {
    return count === 1 ? `1 ${noun}` : `${count} ${plural}`;
}
