"""Labels whose order leaves no doubt: known scales such as low, medium, high, and intervals such as 25-34, 75+."""

import re
from collections.abc import Sequence

from dag_gfn.data.interval_labels import interval
from dag_gfn.data.missing_codes import is_word

# Each scale lists its steps from low to high; labels of the same step are separated by "|".
_SCALES = tuple(
    tuple(frozenset(step.strip().split("|")) for step in scale.split(" < "))
    for scale in (
        # amount and intensity
        "none|nil|absent|zero < very low|lowest|minimal|trace < low|little|small|slight|few|lower < "
        "some|lowish < medium|moderate|mid|middle|average|intermediate|normal|med < marked|many < high|much|large|higher "
        "< very high|very much|most|highest|extreme|extremely high < all",
        "none|no|absent < minimal|trace|very mild < mild|slight|minor|light < moderate|medium|intermediate < "
        "moderately severe < severe|serious|major|marked|heavy < very severe|extreme|critical|life-threatening < "
        "fatal|death|dead",
        "not at all|not < hardly|barely|a little|a little bit|slightly < somewhat|moderately|fairly|a bit < "
        "quite|quite a bit|mostly|considerably < very|very much|highly < extremely|completely|totally",
        "weak|weaker < moderate|medium|average < strong|stronger < very strong|strongest",
        # size and other measures in words
        "xxs < xs|extra small|very small|tiny < s|small < m|medium|midsize|mid-size|middle|moderate|average < "
        "l|large|big < xl|extra large|very large|huge < xxl < xxxl",
        "compact|subcompact < midsize|mid-size|medium < large|full-size|fullsize",
        "very short|shortest < short < medium|middle|average|normal < tall|long < very tall|very long|longest",
        "very narrow < narrow < medium|middle|average < wide|broad < very wide",
        "shallow|very shallow < medium|middle|moderate|intermediate < deep < very deep",
        "thin|very thin < medium|normal|average < thick < very thick",
        "very light|lightest < light|light-weight < medium|moderate|average|normal < heavy|dark < very heavy|very dark",
        "very slow|slowest < slow < medium|moderate|normal|average < fast|quick|rapid < very fast|fastest",
        "freezing|very cold < cold|cool < mild|lukewarm|temperate|medium|normal < warm < hot < very hot",
        "very dry < dry < medium|moist|normal < wet < very wet",
        "infant|baby|newborn < toddler < child|kid < adolescent|teen|teenager|juvenile < young adult < "
        "adult|middle-aged|middle aged < senior|elderly|old",
        "very young|youngest < young < middle|middle-aged|middle aged|medium < old|elderly < very old|oldest",
        "very early < early < mid|middle|medium|intermediate < late < very late",
        "poor|low income|lower class < lower middle class|lower middle|lower-middle < working class < "
        "middle class|middle|middle income < upper middle class|upper middle|upper-middle < "
        "upper class|rich|wealthy|high income",
        "lower|bottom < lower middle|lower-middle < middle|mid < upper middle|upper-middle < upper|top",
        "lower class < working class < middle class < upper class",
        # frequency
        "never|not at all|none|not in the last month < almost never|very rarely|hardly ever < "
        "rarely|seldom|infrequently|occasional|once in a while < sometimes|occasionally|now and then|some of the time < "
        "often|frequently|regularly|usually|frequent|regular|most of the time < very often|very frequently|almost always < "
        "always|constantly|all the time",
        "never < less than once a year < yearly|annually|once a year < several times a year < monthly|once a month < "
        "several times a month < weekly|once a week < several times a week|more than once a week < "
        "daily|every day|once a day < several times a day",
        "several days|some days < more than half the days|most days < nearly every day < every day",
        "not at all < several days < more than half the days < nearly every day",
        # agreement, quality, satisfaction, importance, likelihood, change
        "strongly disagree|disagree strongly|completely disagree|totally disagree|fully disagree < "
        "moderately disagree|mostly disagree < disagree|tend to disagree|rather disagree < "
        "slightly disagree|somewhat disagree|disagree somewhat|disagree slightly|disagree a little < "
        "neutral|neither|undecided|neither agree nor disagree|neither agree or disagree|no opinion|unsure|uncertain|"
        "neither disagree nor agree < slightly agree|somewhat agree|agree somewhat|agree slightly|agree a little < "
        "agree|tend to agree|rather agree < moderately agree|mostly agree < "
        "strongly agree|agree strongly|completely agree|totally agree|fully agree",
        "strongly disapprove < disapprove < somewhat disapprove < neutral|neither < somewhat approve < approve < "
        "strongly approve",
        "strongly oppose < oppose < somewhat oppose < neutral|neither < somewhat favor|somewhat support < "
        "favor|support|favour < strongly favor|strongly support|strongly favour",
        "terrible|awful|extremely poor|horrible < very bad|very poor|worst < bad|poor|weak|inadequate|insufficient|"
        "unsatisfactory < below average|rather bad < fair|average|ok|okay|acceptable|mediocre|regular|satisfactory|adequate|"
        "sufficient|indifferent|neutral|so-so|medium|moderate < above average|rather good < good|well < "
        "very good|great|very well < premium|superior < excellent|outstanding|exceptional|ideal|best|perfect|superb",
        "very dissatisfied|extremely dissatisfied|completely dissatisfied|not satisfied at all < "
        "dissatisfied|unsatisfied|not satisfied < somewhat dissatisfied|slightly dissatisfied|a little dissatisfied < "
        "neutral|neither|neither satisfied nor dissatisfied|indifferent|mixed < "
        "somewhat satisfied|slightly satisfied|moderately satisfied|fairly satisfied|more or less satisfied|pretty satisfied "
        "< satisfied|mostly satisfied < very satisfied|extremely satisfied|completely satisfied",
        "very unhappy < unhappy|not happy|not too happy < neutral|neither < pretty happy|fairly happy|somewhat happy < "
        "happy < very happy",
        "not at all important|unimportant|not important|very unimportant < slightly important|a little important|"
        "not very important|not too important < somewhat important|moderately important|fairly important|neutral < "
        "important|quite important < very important < extremely important|essential",
        "very unlikely|extremely unlikely|definitely not|definitely no < unlikely|probably not|improbable|"
        "not likely|probably no < maybe|perhaps|possibly|possible|neutral|neither|unsure|uncertain|don't know < "
        "likely|probably|probable|probably yes < very likely|extremely likely|definitely|certain|definitely yes",
        "very difficult|very hard < difficult|hard < medium|moderate|neutral|normal < easy < very easy",
        "liberal|very liberal|extremely liberal < slightly liberal < moderate|middle of the road < "
        "slightly conservative < conservative|very conservative|extremely conservative",
        "much worse|a lot worse|very much worse < worse|decreased|decline|declined|smaller|less|deteriorated|down < "
        "somewhat worse|slightly worse|a little worse < same|the same|about the same|unchanged|no change|average|stable|"
        "equal|constant|no different < somewhat better|slightly better|a little better < "
        "better|improved|increased|greater|larger|more|up < much better|a lot better|very much better|much improved",
        "less than < equal|same < more than",
        "complete response|cr|complete < partial response|pr|partial < stable disease|sd|stable < "
        "progressive disease|pd|progression|progressive",
        # education and ranks
        "none|no schooling|no education|illiterate < preschool|pre-primary|kindergarten < "
        "primary|elementary|primary school|elementary school|basic < lower secondary|middle school|junior high < "
        "lt high school|less than high school|some high school|no high school|did not finish high school|"
        "less than hs|lths|no high school diploma|less than high school diploma|nohs|not hs < "
        "secondary|high school|hs|high school graduate|hs grad|high school diploma|upper secondary|secondary school|"
        "high school grad|high-school|hsgrad|completed high school|hs graduate < "
        "some college|some university|post-secondary|vocational|technical|some postsecondary < "
        "associate|associates|associate degree|associate's degree|junior college|college|2-year college|community college|"
        "2 year college degree < "
        "bachelor|bachelors|bachelor's degree|bachelor degree|college graduate|college grad|university|tertiary|higher|"
        "undergraduate|collegegrad|4-year college|college degree|completed college|bachelor's|4 year college degree < "
        "graduate|masters|master|master's degree|postgraduate|graduate degree|advanced degree|post-graduate|master's|"
        "graduate school|post-graduate degree|postgrad|post grad < phd|doctorate|doctoral|doctoral degree|ph.d.",
        "freshman|freshmen|first year|fresher < sophomore|second year < junior|third year < senior|fourth year",
        "beginner|novice < elementary|basic < intermediate|medium < upper intermediate < advanced < expert|professional",
        "assistant professor|asstprof|assistant prof|assistant < associate professor|assocprof|associate prof|associate < "
        "professor|prof|full professor|full",
        "first < second < third < fourth < fifth < sixth < seventh < eighth < ninth < tenth",
        "1st < 2nd < 3rd < 4th < 5th < 6th < 7th < 8th < 9th < 10th < 11th < 12th",
        "one < two < three < four < five < six < seven < eight < nine < ten",
        "bronze < silver < gold < platinum < diamond",
        "underweight < normal|normal weight|healthy weight|normal range < overweight < obese|obesity",
        "underweight < normal|normal weight < overweight < obese class i|obesity class 1 < obese class ii < obese class iii",
        "normal < elevated|borderline|prehypertension|borderline high|at risk|prediabetes < high|abnormal|diabetes < very high",
        "negative|neg < weak positive|equivocal|borderline|trace|indeterminate < positive|pos < strong positive",
        "very negative < negative < neutral|zero < positive < very positive",
        "rural < suburban|semi-urban|town|urban cluster|semiurban < urban|city|metropolitan",
        "nonsmoker|never smoker|never smoked < ex-smoker|former smoker < light smoker < moderate smoker < heavy smoker",
        "i1 < si2 < si1 < vs2 < vs1 < vvs2 < vvs1 < if",
        "unsatisfactory < marginal < satisfactory|acceptable < commendable < outstanding",
    )
)
_STAGES = re.compile(
    r"(?:stage|grade|level|degree|tier|quartile|quintile|decile|tertile)[ _-]?(\d{1,2}|[ivx]{1,4})([abc]?)"
)
_QUANTILES = re.compile(r"q([1-5])")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}


def ordered_labels(labels: Sequence[str]) -> tuple[str, ...] | None:
    """Return labels in their order from low to high if it leaves no doubt, else None.

    The order is known if all labels belong to one known scale (low, medium, high; strongly disagree ... strongly agree), or
    if all are intervals of numbers that do not overlap (<25, 25-34, 75+). Two labels have no order that matters.

    Parameters
    ----------
    labels : sequence of str
        Distinct. Upper and lower case are the same.

    Examples
    --------
    >>> from dag_gfn.data.ordinal_labels import ordered_labels
    >>> ordered_labels(["High", "Low", "Medium"])
    ('Low', 'Medium', 'High')
    >>> ordered_labels(["75+", "25-34", "<25", "35-74"])
    ('<25', '25-34', '35-74', '75+')
    >>> ordered_labels(["red", "green", "blue"]) is None
    True
    """
    if len(labels) < 3:
        return None
    words = [" ".join(label.casefold().replace("_", " ").split()) for label in labels]
    for ranks in (_scale_ranks(words), _stage_ranks(words), _interval_ranks(words)):
        if ranks is not None:
            return tuple(labels[i] for i in sorted(range(len(labels)), key=ranks.__getitem__))
    return None


def ordered_part(labels: Sequence[str]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the order of the labels that are no words for a missing value, and those words.

    Examples
    --------
    >>> from dag_gfn.data.ordinal_labels import ordered_part
    >>> ordered_part(["unknown", "high", "low", "medium"])
    (('low', 'medium', 'high'), ('unknown',))
    """
    order = ordered_labels(labels)
    if order is not None:
        return order, ()
    words = tuple(label for label in labels if is_word(label) and label.casefold() != "none")
    if not words:
        return None, ()
    return ordered_labels([label for label in labels if label not in words]), words


def _scale_ranks(words: Sequence[str]) -> list[float] | None:
    """Return the step of each label on the first scale that has them all on steps of their own."""
    for scale in _SCALES:
        ranks = [next((float(k) for k, step in enumerate(scale) if word in step), None) for word in words]
        if None not in ranks and len(set(ranks)) == len(words):
            return ranks  # type: ignore[return-value]  # none of them is None
    return None


def _stage_ranks(words: Sequence[str]) -> list[float] | None:
    """Return the numbers of labels such as stage II or grade 3."""
    ranks = []
    for word in words:
        match, quantile = _STAGES.fullmatch(word), _QUANTILES.fullmatch(word)
        if quantile is not None:
            ranks.append(float(quantile[1]))
        elif match is not None and (match[1].isdigit() or match[1] in _ROMAN):
            number = float(match[1]) if match[1].isdigit() else float(_ROMAN[match[1]])
            ranks.append(number + 0.1 * (" abc".index(match[2] or " ")))
        else:
            return None
    return ranks if len(set(ranks)) == len(ranks) else None


def _interval_ranks(words: Sequence[str]) -> list[float] | None:
    """Return the middles of labels that are intervals of numbers which do not overlap; at least one is no single number."""
    bounds = [interval(word) for word in words]
    found = [bound for bound in bounds if bound is not None]
    if len(found) < len(words) or all(low == high for low, high in found):
        return None
    ordered = sorted(found)
    open_only = all(high == float("inf") for _, high in found)  # 1935-, 1940-: from so much to the next
    if not open_only and any(high > low for (_, high), (low, _) in zip(ordered, ordered[1:], strict=False)):
        return None
    if any(first == second for first, second in zip(ordered, ordered[1:], strict=False)):
        return None
    place = {bound: float(k) for k, bound in enumerate(ordered)}
    return [place[bound] for bound in found]
