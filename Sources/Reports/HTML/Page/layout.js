// SPDX-License-Identifier: Apache-2.0

// A layered layout after Sugiyama, Tagawa and Toda (1981): whoever is taken first stands in front. It runs to the right
// or downward, whichever uses the room better; what follows is in words of the former.
// Dependencies that close cycles run back beside the others; those where a cycle is best broken are the first choice,
// so that what is left reads as the lock order.
const layout = (() => {
    const rowGap = 22;
    const laneHeight = 10;
    const rounds = 12;

    /// Which edges run back, so that the others make no cycle.
    function backward(count, edges) {
        const outgoing = Array.from({ length: count }, () => []);
        const incoming = new Array(count).fill(0);
        const isBack = edges.map(() => false);
        edges.forEach((edge, index) => {
            if (edge.isCut) return;
            outgoing[edge.from].push(index);
            incoming[edge.to] += 1;
        });
        const state = new Array(count).fill(0);
        function visit(start) {
            const path = [[start, 0]];
            state[start] = 1;
            while (path.length > 0) {
                const top = path[path.length - 1];
                const index = outgoing[top[0]][top[1]];
                top[1] += 1;
                if (index === undefined) {
                    state[top[0]] = 2;
                    path.pop();
                } else if (state[edges[index].to] === 1) {
                    isBack[index] = true;
                } else if (state[edges[index].to] === 0) {
                    state[edges[index].to] = 1;
                    path.push([edges[index].to, 0]);
                }
            }
        }
        for (let node = 0; node < count; node += 1) if (incoming[node] === 0) visit(node);
        for (let node = 0; node < count; node += 1) if (state[node] === 0) visit(node);
        const reaches = (from, to) => {
            const seen = new Set([from]);
            const queue = [from];
            while (queue.length > 0) {
                const node = queue.pop();
                if (node === to) return true;
                for (const index of outgoing[node]) {
                    if (isBack[index] || seen.has(edges[index].to)) continue;
                    seen.add(edges[index].to);
                    queue.push(edges[index].to);
                }
            }
            return false;
        };
        edges.forEach((edge, index) => {
            if (!edge.isCut) return;
            isBack[index] = reaches(edge.to, edge.from);
            if (!isBack[index]) outgoing[edge.from].push(index);
        });
        return isBack;
    }

    /// The column of each node: as far left as its edges allow, sources as far right.
    function columnsOf(count, edges, isBack) {
        const outgoing = Array.from({ length: count }, () => []);
        const waiting = new Array(count).fill(0);
        edges.forEach((edge, index) => {
            if (isBack[index]) return;
            outgoing[edge.from].push(edge.to);
            waiting[edge.to] += 1;
        });
        const isSource = waiting.map((number) => number === 0);
        const column = new Array(count).fill(0);
        const ready = [...column.keys()].filter((node) => waiting[node] === 0);
        while (ready.length > 0) {
            const node = ready.shift();
            for (const next of outgoing[node]) {
                column[next] = Math.max(column[next], column[node] + 1);
                waiting[next] -= 1;
                if (waiting[next] === 0) ready.push(next);
            }
        }
        for (let node = 0; node < count; node += 1) {
            if (isSource[node] && outgoing[node].length > 0) {
                column[node] = Math.min(...outgoing[node].map((next) => column[next])) - 1;
            }
        }
        return column;
    }

    /// Items of columns: the nodes, and for edges that pass through a column a lane there.
    function arrange(nodes, edges, isBack, column) {
        const columns = [];
        const place = (item, at) => {
            (columns[at] ??= []).push(item);
            item.column = at;
            return item;
        };
        const items = nodes.map((node, index) =>
            place({ height: node.height, width: node.width, near: [], weight: 1 }, column[index]));
        // Lanes follow what they join; nodes are not drawn out of line by what runs back.
        const tie = (left, right, isBack) => {
            if (!isBack || left.width === 0) left.near.push(right);
            if (!isBack || right.width === 0) right.near.push(left);
        };
        const lanes = edges.map((edge, index) => {
            const made = [];
            const [first, last] = [column[edge.from], column[edge.to]];
            let before = items[edge.from];
            // What runs forward passes the columns between; what runs back turns round in those of both ends, too.
            const passed = isBack[index]
                ? Array.from({ length: first - last + 1 }, (_, step) => first - step)
                : Array.from({ length: Math.max(0, last - first - 1) }, (_, step) => first + 1 + step);
            for (const at of passed) {
                const lane = place({ height: laneHeight, width: 0, near: [], weight: 3 }, at);
                tie(before, lane, isBack[index]);
                made.push(lane);
                before = lane;
            }
            tie(before, items[edge.to], isBack[index]);
            return made;
        });
        for (let at = 0; at < columns.length; at += 1) columns[at] ??= [];
        return { columns, items, lanes };
    }

    /// Orders every column by where its neighbours stand.
    function order(columns) {
        const number = (column) => column.forEach((item, index) => {
            item.rank = (index + 0.5) / column.length;
        });
        columns.forEach(number);
        for (let round = 0; round < rounds; round += 1) {
            const forward = round % 2 === 0;
            for (const column of forward ? columns : [...columns].reverse()) {
                for (const item of column) {
                    const near = item.near.filter((other) =>
                        (forward ? other.column <= item.column : other.column >= item.column));
                    item.aim = near.length === 0 ? item.rank
                        : near.reduce((sum, other) => sum + other.rank, 0) / near.length;
                }
                column.sort((left, right) => left.aim - right.aim);
                number(column);
            }
        }
    }

    /// Heights: each item as near to its neighbours' as the order of its column allows. For one column that is a
    /// weighted isotonic regression, which pooling adjacent violators solves.
    function settle(columns) {
        for (const column of columns) {
            let y = 0;
            for (const item of column) {
                item.offset = y + item.height / 2;
                item.y = item.offset;
                y += item.height + rowGap;
            }
            for (const item of column) item.y -= y / 2;
        }
        for (let round = 0; round < rounds; round += 1) {
            for (const column of round % 2 === 0 ? columns : [...columns].reverse()) {
                const pools = [];
                for (const item of column) {
                    const near = item.near.filter((other) => other.column !== item.column);
                    const aim = near.length === 0 ? item.y
                        : near.reduce((sum, other) => sum + other.y, 0) / near.length;
                    pools.push({ value: aim - item.offset, weight: item.weight, members: [item] });
                    while (pools.length > 1 && pools[pools.length - 2].value > pools[pools.length - 1].value) {
                        const last = pools.pop();
                        const into = pools[pools.length - 1];
                        const weight = into.weight + last.weight;
                        into.value = (into.value * into.weight + last.value * last.weight) / weight;
                        into.weight = weight;
                        into.members.push(...last.members);
                    }
                }
                for (const pool of pools) for (const item of pool.members) item.y = pool.value + item.offset;
            }
        }
    }

    function lay(nodes, edges, gap, point) {
        const isBack = backward(nodes.length, edges);
        const { columns, items, lanes } = arrange(nodes, edges, isBack, columnsOf(nodes.length, edges, isBack));
        order(columns);
        settle(columns);
        let x = 0;
        const sides = columns.map((column, at) => {
            const width = Math.max(20, ...column.map((item) => item.width));
            const crossing = edges.length === 0 ? 0 : column.reduce((sum, item) => sum + item.near.length, 0);
            const side = { left: x, right: x + width };
            x += width + (at === columns.length - 1 ? 0 : gap + Math.min(60, crossing * 2));
            return side;
        });
        const top = Math.min(0, ...columns.flat().map((item) => item.y - item.height / 2));
        const bottom = Math.max(0, ...columns.flat().map((item) => item.y + item.height / 2));
        for (const item of columns.flat()) {
            item.y -= top;
            item.x = (sides[item.column].left + sides[item.column].right) / 2;
        }
        const routes = edges.map((edge, index) =>
            route(items[edge.from], items[edge.to], lanes[index], sides, isBack[index], point));
        return { places: items.map((item) => ({ x: item.x, y: item.y })), routes, width: x, height: bottom - top };
    }

    function route(from, to, lanes, sides, isBack, point) {
        const start = { x: from.x + from.width / 2, y: from.y };
        const end = { x: to.x - to.width / 2 - 8, y: to.y };
        let path = `M${point(start.x, start.y)}`;
        let at = start;
        const curve = (target) => {
            const bend = (target.x - at.x) / 2;
            path += ` C${point(at.x + bend, at.y)} ${point(target.x - bend, target.y)} ${point(target.x, target.y)}`;
            at = target;
        };
        const turn = (target, reach) => {
            path += ` C${point(reach, at.y)} ${point(reach, target.y)} ${point(target.x, target.y)}`;
            at = target;
        };
        const straight = (target) => {
            path += ` L${point(target.x, target.y)}`;
            at = target;
        };
        let middle = null;
        lanes.forEach((lane, index) => {
            const side = sides[lane.column];
            const [near, far] = isBack ? [side.right, side.left] : [side.left, side.right];
            const target = { x: near, y: lane.y };
            if (isBack && index === 0) turn(target, Math.max(near, start.x) + 36);
            else curve(target);
            straight({ x: far, y: lane.y });
            if (index === Math.floor(lanes.length / 2)) middle = { x: (near + far) / 2, y: lane.y };
        });
        if (isBack) turn(end, Math.min(at.x, end.x) - 36);
        else curve(end);
        middle ??= { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
        return { path, middle };
    }

    const round = (value) => Math.round(value * 10) / 10;
    const turned = ({ x, y }) => ({ x: y, y: x });

    /// Places nodes (`width`, `height`) and routes edges (`from`, `to`: indices of different nodes, `isCut`) for a room
    /// of a width and a height.
    ///
    /// Returns the middle of each node, each edge as a path and a place for its label, and the size of it all.
    return (nodes, edges, room) => {
        const right = lay(nodes, edges, 100, (x, y) => `${round(x)},${round(y)}`);
        const tall = nodes.map(({ width, height }) => ({ width: height, height: width }));
        const down = lay(tall, edges, 60, (x, y) => `${round(y)},${round(x)}`);
        const scale = (width, height) => Math.min(1, room.width / width, room.height / height);
        if (scale(right.width, right.height) >= scale(down.height, down.width)) return right;
        return {
            places: down.places.map(turned),
            routes: down.routes.map(({ path, middle }) => ({ path, middle: turned(middle) })),
            width: down.height,
            height: down.width,
        };
    };
})();
