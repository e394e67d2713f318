"""Slow, obvious references that the tests compare against. They share no code with dag_gfn."""

import itertools
from collections import Counter

import mpmath
import networkx as nx
import numpy as np
from scipy import special, stats

# --- graphs, one at a time, by networkx ---

NUM_DAGS = {1: 1, 2: 3, 3: 25, 4: 543, 5: 29_281, 6: 3_781_503}
"""Labelled DAGs: OEIS A003024."""


def as_networkx(adjacency):
    """Return one graph on nodes 0..d-1; adjacency[i, j] is i -> j."""
    return nx.from_numpy_array(np.asarray(adjacency, dtype=int), create_using=nx.DiGraph)


def closure(adjacency):
    """Return the reflexive closure by breadth-first search from every node."""
    g = as_networkx(adjacency)
    reached = np.eye(len(adjacency), dtype=bool)
    for i in g:
        for j in nx.descendants(g, i):
            reached[i, j] = True
    return reached


def is_dag(adjacency):
    return nx.is_directed_acyclic_graph(as_networkx(adjacency))


def markov_blanket(adjacency):
    """Return the blankets by their definition, one node at a time."""
    g = as_networkx(adjacency)
    blanket = np.zeros(adjacency.shape, dtype=bool)
    for i in g:
        members = set(g.predecessors(i)) | set(g.successors(i))
        for child in g.successors(i):
            members |= set(g.predecessors(child))
        for j in members - {i}:
            blanket[j, i] = True
    return blanket


NUM_CLASSES = {1: 1, 2: 2, 3: 11, 4: 185, 5: 8_782}
"""Markov equivalence classes of labelled DAGs: OEIS A007984."""


def v_structures(adjacency):
    """Return the set of (a, b, c), a < c, with a -> b <- c and no link between a and c."""
    g = as_networkx(adjacency)
    return {
        (a, b, c)
        for b in g
        for a, c in itertools.combinations(sorted(g.predecessors(b)), 2)
        if not g.has_edge(a, c) and not g.has_edge(c, a)
    }


def markov_equivalence_class(adjacency):
    """Return what two DAGs have in common iff they are Markov equivalent: links and v-structures."""
    links = frozenset(frozenset(edge) for edge in as_networkx(adjacency).edges)
    return links, frozenset(v_structures(adjacency))


def equivalent_dags(adjacency):
    """Return all members of a DAG's class: every orientation of its links is tried."""
    links = np.argwhere(np.triu(adjacency | adjacency.T))
    wanted = markov_equivalence_class(adjacency)
    members = []
    for forwards in itertools.product([False, True], repeat=len(links)):
        member = np.zeros_like(adjacency)
        for (i, j), forward in zip(links, forwards, strict=True):
            member[(i, j) if forward else (j, i)] = True
        if is_dag(member) and markov_equivalence_class(member) == wanted:
            members.append(member)
    return members


def moral_orientations(links):
    """Return the number of acyclic orientations of an undirected graph without a v-structure, trying every one."""
    pairs = np.argwhere(np.triu(links))
    count = 0
    for forwards in itertools.product([False, True], repeat=len(pairs)):
        dag = np.zeros_like(links)
        for (i, j), forward in zip(pairs, forwards, strict=True):
            dag[(i, j) if forward else (j, i)] = True
        count += is_dag(dag) and not v_structures(dag)
    return count


def random_chordal(d, width, rng):
    """Return a random connected chordal graph: each node is linked to a clique of up to `width` nodes before it."""
    links = np.zeros((d, d), dtype=bool)
    for new in range(1, d):
        neighbour = rng.integers(new)
        clique = [neighbour, *(v for v in range(neighbour) if links[v, neighbour])]
        chosen = rng.permutation(clique)[: rng.integers(1, min(len(clique), width) + 1)]
        links[chosen, new] = links[new, chosen] = True
    order = rng.permutation(d)
    return links[np.ix_(order, order)]


def d_separated(adjacency, a, b, given):
    return nx.is_d_separator(as_networkx(adjacency), {a}, {b}, set(given))


def expected_shd(dag, probability):
    """Return the expected number of pairs that differ, from the probabilities of i -> j."""
    total = 0.0
    for i, j in itertools.combinations(range(len(dag)), 2):
        same = 1 - probability[i, j] - probability[j, i]
        if dag[i, j] or dag[j, i]:
            same = probability[i, j] if dag[i, j] else probability[j, i]
        total += 1 - same
    return total


def all_dags(d):
    """Return every DAG on d nodes, shape (m, d, d): all 2^(d(d-1)) digraphs, those with a cycle left out."""
    pairs = [(i, j) for i in range(d) for j in range(d) if i != j]
    found = []
    for present in itertools.product([False, True], repeat=len(pairs)):
        adjacency = np.zeros((d, d), dtype=bool)
        for (i, j), edge in zip(pairs, present, strict=True):
            adjacency[i, j] = edge
        if is_dag(adjacency):
            found.append(adjacency)
    return np.array(found)


def random_dag(d, density, rng):
    """Return a DAG on d nodes in a random order."""
    adjacency = np.triu(rng.random((d, d)) < density, 1)
    order = rng.permutation(d)
    return adjacency[np.ix_(order, order)]


def structural_hamming_distance(a, b):
    """Return the number of pairs on which two graphs differ; a reversed edge counts once."""
    d = len(a)
    return sum((a[i, j], a[j, i]) != (b[i, j], b[j, i]) for i, j in itertools.combinations(range(d), 2))


# --- local scores, one family at a time, from the definitions ---


def bge(values, node, parents, *, alpha_mu=1.0, alpha_w=None, mean_obs=0.0):
    """Return log p(x_j | x_P): the rows one by one under the Student-t predictive of the normal-Wishart."""
    d = values.shape[1]
    alpha_w = d + 2 if alpha_w is None else alpha_w
    t = alpha_mu * (alpha_w - d - 1) / (alpha_mu + 1)
    mean_obs = np.broadcast_to(np.asarray(mean_obs, dtype=float), (d,))

    def log_marginal(columns):
        if not columns:
            return 0.0
        size, mu, weight, prior = len(columns), mean_obs[columns], alpha_mu, t * np.eye(len(columns))
        dof, total = alpha_w - d + size, 0.0
        for x in values[:, columns]:
            df = dof - size + 1
            shape = prior * (weight + 1) / (weight * df)
            total += stats.multivariate_t.logpdf(x, loc=mu, shape=shape, df=df)
            prior = prior + weight / (weight + 1) * np.outer(x - mu, x - mu)
            mu = (weight * mu + x) / (weight + 1)
            weight, dof = weight + 1, dof + 1
        return total

    return log_marginal([*parents, node]) - log_marginal(list(parents))


def bge_in_high_precision(values, node, parents):
    """Return the closed form with the default prior (alpha_w = d + 2, t = 1/2) at 50 digits."""
    with mpmath.workdps(50):
        n, d = values.shape
        k, alpha_w, t = len(parents), d + 2, mpmath.mpf(1) / 2
        columns = [[mpmath.mpf(float(x)) for x in values[:, c]] for c in [*parents, node]]
        means = [mpmath.fsum(c) / n for c in columns]
        posterior = mpmath.matrix(k + 1, k + 1)
        for a, b in itertools.product(range(k + 1), repeat=2):
            products = (x * y for x, y in zip(columns[a], columns[b], strict=True))
            scatter = mpmath.fsum(products) - n * means[a] * means[b]
            posterior[a, b] = t * (a == b) + scatter + means[a] * means[b] * mpmath.mpf(n) / (n + 1)
        minor = mpmath.det(posterior[:k, :k]) if k else mpmath.mpf(1)
        half = mpmath.mpf(1) / 2
        dof = alpha_w - d + k
        return float(
            half * mpmath.log(mpmath.mpf(1) / (n + 1))
            + mpmath.loggamma(half * (n + dof + 1))
            - mpmath.loggamma(half * (dof + 1))
            - half * n * mpmath.log(mpmath.pi)
            + half * (dof + k + 1) * mpmath.log(t)
            + half * (n + dof) * mpmath.log(minor)
            - half * (n + dof + 1) * mpmath.log(mpmath.det(posterior))
        )


def block_log_marginal(columns, chosen, *, alpha_mu=1.0, alpha_w=None, weights=None):
    """Return log m(S) of the chosen columns: the normal-Wishart marginal likelihood with multivariate gammas."""
    n, size, k = len(columns), columns.shape[1], len(chosen)
    if k == 0:
        return 0.0
    weights = np.ones(n) if weights is None else weights
    n = weights.sum()
    alpha_w = size + 2 if alpha_w is None else alpha_w
    t = alpha_mu * (alpha_w - size - 1) / (alpha_mu + 1)
    x = columns[:, chosen]
    mean = np.average(x, axis=0, weights=weights) if n else np.zeros(k)
    scatter = sum(
        (w * np.outer(row - mean, row - mean) for row, w in zip(x, weights, strict=True)), np.zeros((k, k))
    )
    posterior = t * np.eye(k) + scatter + n * alpha_mu / (n + alpha_mu) * np.outer(mean, mean)
    before, after = alpha_w - size + k, n + alpha_w - size + k
    return (
        k / 2 * np.log(alpha_mu / (n + alpha_mu))
        + special.multigammaln(after / 2, k)
        - special.multigammaln(before / 2, k)
        - k * n / 2 * np.log(np.pi)
        + before / 2 * k * np.log(t)
        - after / 2 * np.linalg.slogdet(posterior)[1]
    )


def whitened_indicators(codes):
    """Return the whitened indicators of a category, from the thin SVD of the centred indicators of all its levels."""
    indicators = (codes[:, None] == np.unique(codes)).astype(float)
    left, values, _ = np.linalg.svd(indicators - indicators.mean(axis=0), full_matrices=False)
    return np.sqrt(len(codes)) * left[:, values > 1e-8 * values[0]]


def family_counts(codes, cardinalities, node, parents):
    """Return one list of counts per parent configuration, unseen ones included."""
    seen = Counter(tuple(row) for row in codes[:, [*parents, node]].astype(int).tolist())
    configurations = itertools.product(*(range(cardinalities[p]) for p in parents))
    return [[seen[(*c, x)] for x in range(cardinalities[node])] for c in configurations]


def bdeu(codes, cardinalities, node, parents, equivalent_sample_size=1.0):
    """Return the Dirichlet-multinomial likelihood of each configuration, multiplied."""
    tables = family_counts(codes, cardinalities, node, parents)
    q, r = len(tables), cardinalities[node]
    a = mpmath.mpf(equivalent_sample_size)
    return float(
        mpmath.fsum(
            mpmath.loggamma(a / q)
            - mpmath.loggamma(a / q + sum(counts))
            + mpmath.fsum(mpmath.loggamma(a / (q * r) + c) - mpmath.loggamma(a / (q * r)) for c in counts)
            for counts in tables
        )
    )


def linear_gaussian(values, node, parents, noise_variance=0.1, weight_variance=1.0):
    """Return the marginal density of the node's column: normal with covariance s² I + s_w² X Xᵀ."""
    n = len(values)
    x = values[:, list(parents)]
    covariance = noise_variance * np.eye(n) + weight_variance * x @ x.T
    return stats.multivariate_normal.logpdf(values[:, node], np.zeros(n), covariance)


def gaussian_bic(values, node, parents):
    """Return the log-likelihood of a least-squares fit with intercept minus (k + 2) / 2 log n."""
    n = len(values)
    x = np.column_stack([np.ones(n), values[:, list(parents)]])
    residuals = values[:, node] - x @ np.linalg.lstsq(x, values[:, node], rcond=None)[0]
    likelihood = stats.norm.logpdf(residuals, scale=np.sqrt(np.mean(residuals**2))).sum()
    return likelihood - 0.5 * (len(parents) + 2) * np.log(n)


def discrete_bic(codes, cardinalities, node, parents):
    """Return the log-likelihood at the observed frequencies minus q (r - 1) / 2 log n."""
    tables = family_counts(codes, cardinalities, node, parents)
    likelihood = sum(c * np.log(c / sum(counts)) for counts in tables for c in counts if c)
    return likelihood - 0.5 * len(tables) * (cardinalities[node] - 1) * np.log(len(codes))


# --- generative flow over DAGs, state by state, from a function that gives log R of one adjacency ---


def log_evidence(d, log_reward):
    """Return log Σ R over all DAGs."""
    return float(np.logaddexp.reduce([log_reward(dag) for dag in all_dags(d)]))


def posterior(d, log_reward):
    """Return {adjacency bytes: R / Σ R} of the DAGs that are possible at all."""
    total = log_evidence(d, log_reward)
    probabilities = {dag.tobytes(): float(np.exp(log_reward(dag) - total)) for dag in all_dags(d)}
    return {key: p for key, p in probabilities.items() if p > 0}


def exact_policy(d, log_reward):
    """Return {adjacency bytes: probabilities of the d*d + 1 actions} that sample R under the uniform P_B.

    Flow F(s) = R(s) + Σ F(s') / (number of parents of s') over the graphs s' with one edge more.
    """
    target = posterior(d, log_reward)
    flow, policy = {}, {}
    for dag in sorted(all_dags(d), key=lambda dag: -dag.sum()):
        if dag.tobytes() not in target:
            continue
        outflow = np.zeros(d * d + 1)
        outflow[-1] = target[dag.tobytes()]
        for larger, i, j in one_edge_apart(dag, target, add=True):
            parents = one_edge_apart(larger, target, add=False)
            outflow[i * d + j] = flow[larger.tobytes()] / len(parents)
        flow[dag.tobytes()] = outflow.sum()
        policy[dag.tobytes()] = outflow / outflow.sum()
    return policy


def one_edge_apart(dag, possible, *, add):
    """Return [(graph, i, j)] of the possible graphs with i -> j added (or taken away)."""
    found = []
    for i, j in itertools.product(range(len(dag)), repeat=2):
        if dag[i, j] != add:
            other = dag.copy()
            other[i, j] = add
            if other.tobytes() in possible:
                found.append((other, i, j))
    return found


def sampling_distribution(d, policy, possible):
    """Return {adjacency bytes: probability of stopping there} of a policy in the form of `exact_policy`."""
    dags = sorted((dag for dag in all_dags(d) if dag.tobytes() in possible), key=lambda dag: dag.sum())
    reach = dict.fromkeys(possible, 0.0)
    reach[dags[0].tobytes()] = 1.0
    ends = {}
    for dag in dags:
        p = policy[dag.tobytes()]
        ends[dag.tobytes()] = reach[dag.tobytes()] * p[-1]
        for larger, i, j in one_edge_apart(dag, possible, add=True):
            reach[larger.tobytes()] += reach[dag.tobytes()] * p[i * d + j]
    return ends


# --- exact posteriors in high precision ---


def posterior_in_high_precision(log_weights):
    """Return edge, path and parent-set probabilities and the log evidence at 60 digits.

    ``log_weights[j][k]``: of the k-th parent set of j, its members in ascending order of bit masks. By the
    inclusion-exclusion over root sets, forwards and backwards, and one such sum for each node and set of
    non-descendants.
    """
    d = len(log_weights)
    everything = (1 << d) - 1

    def subsets_of(mask):
        return [s for s in range(mask + 1) if s & ~mask == 0]

    with mpmath.workdps(60):
        zero, one = mpmath.mpf(0), mpmath.mpf(1)
        weight, within = {}, {}
        for j in range(d):
            sets = subsets_of(everything ^ 1 << j)
            for s, x in zip(sets, log_weights[j], strict=True):
                weight[j, s] = mpmath.exp(mpmath.mpf(float(x))) if x != -np.inf else zero
            for s in sets:
                within[j, s] = mpmath.fsum(weight[j, t] for t in subsets_of(s))

        def signed_products(nodes, outside):
            """Return {R: (-1)^|R| times the product over R of all parent sets within ``outside``}."""
            products = {0: one}
            for s in subsets_of(nodes)[1:]:
                lowest = (s & -s).bit_length() - 1
                products[s] = -products[s & (s - 1)] * within[lowest, outside]
            return products

        forward, backward = [zero] * (1 << d), [zero] * (1 << d)
        forward[0] = backward[0] = one
        for u in range(1, 1 << d):
            products = signed_products(u, everything ^ u)
            backward[u] = -mpmath.fsum(products[r] * backward[u ^ r] for r in products if r)
        for u in range(1 << d):
            for r, product in signed_products(everything ^ u, u).items():
                if r:
                    forward[u | r] -= product * forward[u]
        evidence = forward[everything]
        edge, path = np.zeros((d, d)), np.zeros((d, d))
        sets = np.zeros((d, 1 << (d - 1)))
        for v in range(d):
            candidates = subsets_of(everything ^ 1 << v)
            gamma = {}
            for s in candidates:
                descendants = everything ^ s ^ 1 << v
                products = signed_products(descendants, s)
                gamma[s] = forward[s] * mpmath.fsum(products[t] * backward[descendants ^ t] for t in products)
            for i in range(d):
                if i != v:
                    reached = [gamma[s] * within[v, s] for s in candidates if not s >> i & 1]
                    path[v, i] = mpmath.fsum(reached) / evidence
            for k, t in enumerate(candidates):
                probability = (
                    weight[v, t] * mpmath.fsum(g for s, g in gamma.items() if t & ~s == 0) / evidence
                )
                sets[v, k] = probability
                edge[[i for i in range(d) if t >> i & 1], v] += float(probability)
        return edge, path, sets, float(mpmath.log(evidence))
