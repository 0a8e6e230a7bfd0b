# figures.awk: minima and medians of results. Input: "VARIANT KEY VALUE", the values of each variant and key ascending.
BEGIN { print "name\tvalue\tunit\tgoal\tpeer\tpeer value" >tsv }
{ value[$1 " " $2, ++count[$1 " " $2]] = $3 }

function has(variant, key) { return (variant " " key) in count }
function low(variant, key) { return value[variant " " key, 1] }
function median(variant, key,   k, n) {
    k = variant " " key
    n = count[k]
    return n % 2 ? value[k, (n + 1) / 2] : (value[k, n / 2] + value[k, n / 2 + 1]) / 2
}
# Ratios of minima and of medians. "-": not measured.
function ratio(a, b, key) { return has(a, key) && has(b, key) && low(b, key) > 0 ? sprintf("%.3f", low(a, key) / low(b, key)) : "-" }
function median_ratio(a, b, key) { return has(a, key) && has(b, key) && median(b, key) > 0 ? sprintf("%.3f", median(a, key) / median(b, key)) : "-" }
function added(a, b, key, format) { return has(a, key) && has(b, key) ? sprintf(format, low(a, key) - low(b, key)) : "-" }
function row(name, figure, unit, goal, peer, peer_figure) {
    if (figure != "-") printf "%s\t%s\t%s\t%s\t%s\t%s\n", name, figure, unit, goal, peer, peer_figure >tsv
}
