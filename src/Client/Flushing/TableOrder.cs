using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>The tables of a flush, those that are pointed at first. Tables that point at each other in a circle stand together.</summary>
internal static class TableOrder
{
    /// <summary>The components, parents first; each names its tables in the order in which they came.</summary>
    internal static IReadOnlyList<TableGroup> Of(IEnumerable<EntityMap> maps)
    {
        var nodes = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (var map in maps)
        {
            if (!nodes.TryGetValue(map.Table.FullName, out var node))
                nodes.Add(map.Table.FullName, node = new(map.Table, nodes.Count));
            node.Maps.Add(map);
        }
        var search = new Search(nodes);
        foreach (var node in nodes.Values)
            search.Visit(node);
        return search.Found;
    }

    private sealed class Node(TableFacts table, int number)
    {
        internal TableFacts Table => table;

        internal int Number => number;

        internal List<EntityMap> Maps { get; } = [];

        internal int Index { get; set; } = -1;

        internal int Low { get; set; }

        internal bool IsOpen { get; set; }
    }

    /// <summary>Tarjan's search for strongly connected components: a component is complete after all that it points at.</summary>
    private sealed class Search(Dictionary<string, Node> nodes)
    {
        private readonly Stack<Node> _open = new();
        private int _next;

        internal List<TableGroup> Found { get; } = [];

        internal void Visit(Node node)
        {
            if (node.Index >= 0)
                return;
            (node.Index, node.Low, node.IsOpen) = (_next, _next++, true);
            _open.Push(node);
            foreach (var key in node.Table.ForeignKeys)
            {
                if (!nodes.TryGetValue(key.ReferencedTable, out var parent))
                    continue;
                Visit(parent);
                if (parent.IsOpen)
                    node.Low = Math.Min(node.Low, parent.Low);
            }
            if (node.Low == node.Index)
                Found.Add(Close(node));
        }

        private TableGroup Close(Node root)
        {
            var members = new List<Node>();
            Node member;
            do
            {
                member = _open.Pop();
                member.IsOpen = false;
                members.Add(member);
            }
            while (member != root);
            return new([.. members.OrderBy(one => one.Number).SelectMany(one => one.Maps)],
                members.Count > 1 || root.Table.ForeignKeys.Any(key => key.ReferencedTable == root.Table.FullName));
        }
    }
}

/// <summary>Tables that are flushed together.</summary>
/// <param name="Maps">Their maps.</param>
/// <param name="IsCircular">Whether rows of them may point at each other in any order.</param>
internal sealed record TableGroup(IReadOnlyList<EntityMap> Maps, bool IsCircular);
