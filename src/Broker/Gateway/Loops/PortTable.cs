namespace Broker.Gateway.Loops;

/// <summary>
/// The ports of a loop by numbers that are never used twice: a descriptor that was closed and opened again in one turn must not get the
/// event of the old one. A place becomes free at the end of the turn.
/// </summary>
internal sealed class PortTable
{
    private readonly List<Port?> _ports = [];
    private readonly List<uint> _generations = [];
    private readonly Stack<int> _free = new();
    private readonly List<int> _removed = [];

    internal ulong Add(Port port)
    {
        if (!_free.TryPop(out var place))
        {
            place = _ports.Count;
            _ports.Add(null);
            _generations.Add(0);
        }
        _ports[place] = port;
        return ((ulong)_generations[place] << 32) | (uint)place;
    }

    internal Port? Find(ulong number)
    {
        var place = (int)(uint)number;
        return place < _ports.Count && _generations[place] == (uint)(number >> 32) ? _ports[place] : null;
    }

    /// <summary>Removes a port; one that is not here, whatever its number, takes no other one's place away.</summary>
    internal bool Remove(Port port)
    {
        if (Find(port.Number) != port)
            return false;
        var place = (int)(uint)port.Number;
        _ports[place] = null;
        _generations[place]++;
        _removed.Add(place);
        return true;
    }

    internal void FreeRemoved()
    {
        foreach (var place in _removed)
            _free.Push(place);
        _removed.Clear();
    }

    /// <summary>Closes all; what one throws does not keep the others open.</summary>
    internal void CloseAll(Action<Exception> failed)
    {
        foreach (var port in _ports.OfType<Port>().ToArray())
        {
            try
            {
                port.Close();
            }
            catch (Exception exception)
            {
                failed(exception);
            }
        }
    }
}
