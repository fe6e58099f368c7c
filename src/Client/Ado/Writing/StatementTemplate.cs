using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Broker.Client.Protocol.Values;
using Broker.Client.Texts;

namespace Broker.Client.Ado.Writing;

/// <summary>One statement of a command's text, before it is known which parameters there are.</summary>
internal sealed class StatementTemplate
{
    private readonly string _text;
    private readonly int _start;
    private readonly int _end;

    internal StatementTemplate(string text, int start, int end, ImmutableArray<Placeholder> placeholders)
    {
        // What stands before the first word would make another text of a statement that is otherwise the same.
        while (start < end && char.IsWhiteSpace(text[start]) && start > 0)
            start++;
        (_text, _start, _end, Placeholders) = (text, start, end, placeholders);
    }

    /// <summary>Where parameters may stand, in their order.</summary>
    internal ImmutableArray<Placeholder> Placeholders { get; }

    /// <summary>
    /// The statement, with each of the given parameters as `$n`: one number for each that is used, however often. A name that no
    /// parameter has stays as it is written.
    /// </summary>
    internal Statement Bind(BrokerParameterCollection parameters)
    {
        if (parameters.Count == 0)
            return new(_start == 0 && _end == _text.Length ? _text : _text[_start.._end]);
        return parameters.ArePositional ? BindPositions(parameters) : BindNames(parameters);
    }

    /// <summary>The text is left as it is, unless a value has to stand in it by other means than its number.</summary>
    private Statement BindPositions(BrokerParameterCollection parameters)
    {
        var sent = new SentValue[parameters.Count];
        for (var i = 0; i < sent.Length; i++)
            sent[i] = parameters[i].ToSent(i + 1);
        if (sent.All(static one => one.IsPlain))
            return new(_text[_start.._end], [.. sent.Select(static one => one.Value!)]);
        var writer = new StatementWriter(_text, _start, _end);
        foreach (var place in Placeholders)
            if (place.Name is null && place.Position >= 1 && place.Position <= sent.Length)
                writer.Write(place, place.Position - 1, (sent, place.Position - 1), static (given, _) => given.sent[given.Item2]);
        return writer.ToStatement(_end);
    }

    private Statement BindNames(BrokerParameterCollection parameters)
    {
        var writer = new StatementWriter(_text, _start, _end);
        foreach (var place in Placeholders)
            if (place.Name is { } name && parameters.Find(name) is >= 0 and var index)
                writer.Write(place, index, parameters[index], static (parameter, number) => parameter.ToSent(number));
        return writer.ToStatement(_end);
    }
}

/// <summary>Writes a statement's text with the values' numbers in it.</summary>
internal ref struct StatementWriter
{
    private readonly string _text;
    private readonly StringBuilder _written;
    private readonly ImmutableArray<Parameter>.Builder _values;
    private readonly Dictionary<int, (SentValue Sent, int Number)> _known = [];
    private int _from;

    /// <summary>Begins to write.</summary>
    /// <param name="text">The text with placeholders.</param>
    /// <param name="from">Where the statement begins in it.</param>
    /// <param name="end">Where it ends there, about.</param>
    internal StatementWriter(string text, int from, int end)
    {
        (_text, _from) = (text, from);
        _written = new(end - from + 16);
        _values = ImmutableArray.CreateBuilder<Parameter>();
    }

    /// <summary>Writes the text up to a placeholder, and what stands for the parameter in its place.</summary>
    /// <param name="place">The placeholder.</param>
    /// <param name="index">Which parameter it is.</param>
    /// <param name="state">What <paramref name="make"/> needs.</param>
    /// <param name="make">Makes its value, for the number that it gets; called once.</param>
    internal void Write<T>(Placeholder place, int index, T state, Func<T, int, SentValue> make)
    {
        _written.Append(_text, _from, place.Start - _from);
        _from = place.End;
        if (!_known.TryGetValue(index, out var known))
            _known[index] = known = Take(make(state, _values.Count + 1));
        // `limit@n` is two words, and `limit$1` would be one.
        if (_written.Length > 0 && Characters.ContinuesName(_written[^1]))
            _written.Append(' ');
        var written = known.Sent.Value is null ? "NULL" : string.Create(CultureInfo.InvariantCulture, $"${known.Number}");
        if (known.Sent.Cast is { } cast)
            _written.Append(CultureInfo.InvariantCulture, $"({written}::{cast})");
        else
            _written.Append(written);
    }

    /// <summary>The statement; the rest of the text is up to <paramref name="end"/>.</summary>
    internal readonly Statement ToStatement(int end) => new(_written.Append(_text, _from, end - _from).ToString(), _values.ToImmutable());

    private readonly (SentValue Sent, int Number) Take(SentValue sent)
    {
        if (sent.Value is { } value)
            _values.Add(value);
        return (sent, _values.Count);
    }
}
