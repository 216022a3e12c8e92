// SPDX-License-Identifier: Apache-2.0

/// Draws nodes and edges, and lets a person move and enlarge them.
const picture = (() => {
    const nodeHeight = 36;
    const letterWidth = 7.3;
    const longestName = 34;
    const margin = 44;
    const readable = 0.55;
    const place = document.getElementById('picture');
    let scale = 1;
    let offset = { x: 0, y: 0 };
    let size = { width: 1, height: 1 };
    let canvas = null;
    let places = new Map();
    let shown = 0;

    function shorten(name) {
        if (name.length <= longestName) return name;
        const half = (longestName - 1) >> 1;
        return `${name.slice(0, half)}…${name.slice(-half)}`;
    }

    function move() {
        canvas?.setAttribute('transform', `translate(${offset.x} ${offset.y}) scale(${scale})`);
    }

    function zoom(factor, x = place.clientWidth / 2, y = place.clientHeight / 2) {
        const next = Math.min(3, Math.max(0.1, scale * factor));
        offset = { x: x - (x - offset.x) * next / scale, y: y - (y - offset.y) * next / scale };
        scale = next;
        move();
    }

    function room() {
        return { width: place.clientWidth - 2 * margin, height: place.clientHeight - 2 * margin };
    }

    /// The scale at which all of it is in sight.
    function fitting() {
        return Math.min(1.1, room().width / size.width, room().height / size.height);
    }

    function fit() {
        scale = Math.max(0.1, fitting());
        offset = {
            x: (place.clientWidth - size.width * scale) / 2,
            y: (place.clientHeight - size.height * scale) / 2,
        };
        move();
    }

    /// A click, or Enter or space on the focused shape.
    function pressable(act, label) {
        return {
            tabindex: 0,
            role: 'button',
            'aria-label': label,
            onclick: act,
            onkeydown: (event) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                event.preventDefault();
                act();
            },
        };
    }

    function drawEdge(edge, { path, middle }) {
        const names = ['edge', edge.isNew && 'new', edge.step !== null && 'step', edge.isCut && 'cut',
            edge.isMay && 'may', !edge.isDirect && 'implied', edge.isChosen && 'chosen'];
        const tip = edge.isNew ? 'tip-new' : edge.step !== null ? 'tip-step' : 'tip';
        const label = `${edge.from.name} to ${edge.to.name}`;
        return shape('g', { class: names.filter(Boolean).join(' '), ...pressable(edge.press, label) },
            shape('title', null, edge.title),
            shape('path', { class: 'touch', d: path }),
            shape('path', { class: 'line', d: path, 'marker-end': `url(#${tip})` }),
            edge.step === null ? null : [
                shape('circle', { class: 'step-number', cx: middle.x, cy: middle.y, r: 9 }),
                shape('text', { x: middle.x, y: middle.y + 4 }, edge.step),
            ]);
    }

    function drawNode(node, { x, y }) {
        const names = ['node', node.isSubject && 'subject', node.isCyclic && 'cyclic', node.isChosen && 'chosen'];
        const left = -node.width / 2;
        const grows = node.grows.map(({ side, row, label, title, press }) => {
            // At two corners, where no arrow ends whichever way the picture runs.
            const [across, along] = side === 'in'
                ? [left + 14 + row * 30, -nodeHeight / 2 - 8] : [-left - 14 - row * 30, nodeHeight / 2 + 8];
            return shape('g', {
                class: 'grow', transform: `translate(${across} ${along})`, 'data-grow': `${side} ${label[0]}`,
                ...pressable((event) => {
                    event?.stopPropagation();
                    press();
                }, title),
            },
            shape('title', null, title),
            shape('rect', { x: -14, y: -7, width: 28, height: 14, rx: 7 }),
            shape('text', { y: 3.5 }, label));
        });
        return shape('g', { transform: `translate(${x} ${y})` },
            shape('g', {
                class: names.filter(Boolean).join(' '), 'data-class': node.index, ...pressable(node.press, node.name),
            },
            shape('title', null, node.title),
            shape('rect', { x: left, y: -nodeHeight / 2, width: node.width, height: nodeHeight, rx: 6 }),
            shape('text', { x: left + 8, y: -3 }, shorten(node.name)),
            shape('text', { class: 'under', x: left + 8, y: 11 }, node.under)),
            grows);
    }

    function tips() {
        return ['tip', 'tip-step', 'tip-new'].map((id) => shape('marker', {
            id, class: id.replace('-', ' '), viewBox: '0 0 10 10', refX: 2, refY: 5, markerWidth: 9, markerHeight: 9,
            orient: 'auto', markerUnits: 'userSpaceOnUse',
        }, shape('path', { d: 'M0,0 L10,5 L0,10 z' })));
    }

    /// Draws anew. Nodes have `name`, `under`, `title`, `press` and `grows`; edges `from`, `to` (indices), `path`...
    /// With an `anchor`, the index of a class, that class stays where it is, unless all of it can be read at once.
    function show(nodes, edges, anchor = null) {
        for (const node of nodes) {
            const letters = Math.max(shorten(node.name).length, node.under.length * 0.85);
            node.width = Math.max(60, letters * letterWidth + 16);
            node.height = nodeHeight;
        }
        const loops = edges.filter((edge) => edge.from === edge.to);
        const others = edges.filter((edge) => edge.from !== edge.to);
        const index = new Map(nodes.map((node, number) => [node.index, number]));
        const laid = layout(nodes, others.map((edge) => ({
            from: index.get(edge.from.index), to: index.get(edge.to.index), isCut: edge.isCut || edge.isLast,
        })), room());
        size = { width: Math.max(1, laid.width), height: Math.max(nodeHeight, laid.height) };
        canvas = shape('g', null,
            others.map((edge, number) => drawEdge(edge, laid.routes[number])),
            loops.map((edge) => {
                const { x, y } = laid.places[index.get(edge.from.index)];
                const top = y - nodeHeight / 2;
                const path = `M${x + 14},${top} C${x + 40},${top - 44} ${x - 40},${top - 44} ${x - 14},${top - 8}`;
                return drawEdge(edge, { path, middle: { x, y: top - 30 } });
            }),
            nodes.map((node, number) => drawNode(node, laid.places[number])));
        const drawing = shape('svg', {
            role: 'group', 'aria-label': 'Lock classes and their dependencies', onwheel: wheel, onpointerdown: drag,
        }, shape('defs', null, tips()), canvas);
        place.replaceChildren(drawing);
        const before = places.get(anchor);
        places = new Map(nodes.map((node, number) => [node.index, laid.places[number]]));
        const after = places.get(anchor);
        if (before === undefined || after === undefined) {
            fit();
        } else if (before.x !== after.x || before.y !== after.y || nodes.length !== shown) {
            if (fitting() >= readable) {
                fit();
            } else {
                const at = { x: offset.x + before.x * scale, y: offset.y + before.y * scale };
                scale = Math.max(scale, readable);
                offset = { x: at.x - after.x * scale, y: at.y - after.y * scale };
                move();
            }
        } else {
            move();
        }
        shown = nodes.length;
    }

    function wheel(event) {
        event.preventDefault();
        const box = place.getBoundingClientRect();
        zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
    }

    function drag(event) {
        if (event.button !== 0) return;
        let [x, y] = [event.clientX, event.clientY];
        const follow = (moved) => {
            offset = { x: offset.x + moved.clientX - x, y: offset.y + moved.clientY - y };
            [x, y] = [moved.clientX, moved.clientY];
            move();
        };
        const stop = () => {
            window.removeEventListener('pointermove', follow);
            window.removeEventListener('pointerup', stop);
        };
        window.addEventListener('pointermove', follow);
        window.addEventListener('pointerup', stop);
    }

    return { show, fit, zoom };
})();
