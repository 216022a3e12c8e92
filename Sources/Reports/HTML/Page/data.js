// SPDX-License-Identifier: Apache-2.0

// The graph as objects, made of the rows that PageData.swift writes.
const graph = (() => {
    const raw = JSON.parse(document.getElementById('data').textContent);
    const strings = raw.strings;
    const modes = ['', 'R', 'RR'];

    const classes = raw.classes.map(([name, type, origin, naming, flags], index) => ({
        index, type,
        name: strings[name],
        origin: strings[origin],
        naming: strings[naming],
        isInferred: (flags & 1) !== 0,
        isValidated: (flags & 2) === 0,
        outgoing: [],
        incoming: [],
        component: null,
        isRead: false,
        words: [name, origin, naming],
    }));

    function dependency(row, number) {
        const [from, to, fromMode, toMode, flags, count, tasks, sites, who, cpu, time, test, where, heldSite,
            heldStack, site, stack] = row;
        return {
            number, count, tasks, cpu, time, heldStack, stack,
            from: classes[from],
            to: classes[to],
            fromMode: modes[fromMode],
            toMode: modes[toMode],
            isDirect: (flags & 1) !== 0,
            isMay: (flags & 2) !== 0,
            isNew: (flags & 4) !== 0,
            isKnown: (flags & 8) !== 0,
            sites: sites.map((index) => strings[index]),
            who: strings[who],
            test: strings[test],
            where: strings[where],
            heldSite: strings[heldSite],
            site: strings[site],
            cut: '',
            words: [raw.classes[from][0], raw.classes[to][0], ...sites, who, test, where, heldSite, site],
        };
    }

    const dependencies = raw.dependencies.map(dependency);
    for (const each of dependencies) {
        if (each.fromMode !== '') each.from.isRead = true;
        if (each.toMode !== '') each.to.isRead = true;
        each.from.outgoing.push(each);
        each.to.incoming.push(each);
    }

    const components = raw.components.map((each) => {
        const component = {
            classes: each.classes.map((number) => classes[number]),
            cycles: each.cycles,
            isCounted: each.all,
            cut: each.cut.map(([number, reasons]) => {
                dependencies[number].cut = strings[reasons];
                return dependencies[number];
            }),
        };
        for (const member of component.classes) member.component = component;
        return component;
    });
    for (const component of components) {
        component.dependencies = component.classes.flatMap((member) =>
            member.outgoing.filter((each) => each.to.component === component));
        component.isNew = component.dependencies.some((each) => each.isNew);
    }

    components.sort((left, right) => right.isNew - left.isNew || right.classes.length - left.classes.length);

    const findings = raw.findings.map((each, index) => ({
        index,
        kind: each.kind,
        grade: each.grade,
        isNew: each.new === true,
        isKnown: each.new === false,
        signature: each.signature,
        isExact: each.exact,
        text: strings[each.text],
        rule: strings[each.rule],
        grading: strings[each.grading],
        context: strings[each.context],
        notes: each.notes.map((note) => strings[note]),
        classes: each.classes.map((number) => classes[number]),
        steps: each.steps.map((row, place) => dependency(row, place)),
        last: each.last,
        tasks: each.tasks.map(([who, waitsFor, site, stack, holds]) => ({
            who: strings[who], waitsFor: strings[waitsFor], site: strings[site], stack, holds: strings[holds],
        })),
        words: [each.text, each.rule, each.grading, each.context,
            ...each.classes.map((number) => raw.classes[number][0]),
            ...each.tasks.flatMap(([who, waitsFor, site]) => [who, waitsFor, site])],
        title: `${each.kind} ${each.grade} ${each.signature}`,
    }));

    const times = raw.times.map(([of, kind, mode, count, total, p50, p90, p99, longest]) => ({
        kind: ['wait', 'hold'][kind],
        mode: modes[mode],
        class: classes[of],
        count, total, p50, p90, p99, longest,
        words: [raw.classes[of][0], raw.classes[of][2]],
    }));
    for (const each of times) if (each.mode !== '') each.class.isRead = true;

    return {
        classes, dependencies, components, findings, times, strings,
        timesNote: strings[raw.timesNote],
        name: raw.graph,
        baseline: raw.baseline,
        frames: (stack) => raw.stacks[stack].map((index) => strings[index]),
        stacks: raw.stacks,
    };
})();

/// Whether an item has every word of a query in some name, function, task or test of its own.
const search = (() => {
    let lower = null;

    /// For one word: which strings have it, and which stacks have such a string.
    function matcher(word) {
        lower ??= graph.strings.map((text) => text.toLowerCase());
        const inString = lower.map((text) => text.includes(word));
        const inStack = graph.stacks.map((frames) => frames.some((frame) => inString[frame]));
        const own = (item) => item.words.some((index) => inString[index]);
        const step = (item) => own(item) || inStack[item.stack] || inStack[item.heldStack];
        return {
            class: (item) => own(item) || item.type === word,
            dependency: step,
            finding: (item) => own(item) || item.title.includes(word) || item.steps.some(step)
                || item.tasks.some((task) => inStack[task.stack]),
            component: (item) => item.classes.some(own),
            times: own,
        };
    }

    return (query) => {
        const matchers = query.toLowerCase().split(/\s+/).filter((word) => word !== '').map(matcher);
        const all = (kind) => (item) => matchers.every((each) => each[kind](item));
        return {
            class: all('class'), dependency: all('dependency'), finding: all('finding'), component: all('component'),
            times: all('times'),
        };
    };
})();

/// A lock as it is held or taken: those that nobody takes for reading need no word about their mode.
function inMode(lockClass, mode) {
    return mode !== '' ? `${lockClass.name} (${mode})` : lockClass.isRead ? `${lockClass.name} (W)` : lockClass.name;
}

const heldName = (dependency) => inMode(dependency.from, dependency.fromMode);
const takenName = (dependency) => inMode(dependency.to, dependency.toMode);

/// What matters more comes first: new, then on a cycle, then seen often.
function byWeight(left, right) {
    const rank = (each) => (each.isNew ? 2 : 0)
        + (each.from.component !== null && each.from.component === each.to.component ? 1 : 0);
    return rank(right) - rank(left) || right.count - left.count || left.number - right.number;
}
