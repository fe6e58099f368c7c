namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>Types by their tags and tags by their types, with the arrays of each.</summary>
internal sealed class ElementRegister
{
    private readonly Element?[] _byTag = new Element?[256];
    private readonly ArrayItems?[] _itemsByTag = new ArrayItems?[256];
    private readonly Dictionary<Type, Element> _byType = [];
    private readonly Dictionary<Type, ArrayItems> _itemsByType = [];

    /// <summary>All types that can be read.</summary>
    internal IEnumerable<Element> Elements => _byTag.OfType<Element>();

    /// <summary>All that arrays can be of.</summary>
    internal IEnumerable<ArrayItems> Items => _itemsByTag.OfType<ArrayItems>();

    /// <summary>By type; null when there is none.</summary>
    internal Element? Find(Type type) => _byType.GetValueOrDefault(type);

    /// <summary>By tag; null when there is none.</summary>
    internal Element? Find(byte tag) => _byTag[tag];

    /// <summary>By type; null when there is none.</summary>
    internal ArrayItems? FindItems(Type type) => _itemsByType.GetValueOrDefault(type);

    /// <summary>By tag; null when there is none.</summary>
    internal ArrayItems? FindItems(byte tag) => _itemsByTag[tag];

    /// <summary>A value type, arrays of it and arrays of its nullable.</summary>
    internal void Value<T>(Element<T> element) where T : struct
    {
        Alone(element);
        List(new PlainItems<T>(element), static items => new ListElement<T>(items));
        List(new NullableValues<T>(element), static items => new ListElement<T?>(items));
    }

    /// <summary>A reference type, and arrays of it.</summary>
    internal void Reference<T>(Element<T> element) where T : class
    {
        Alone(element);
        List(new References<T>(element), static items => new ListElement<T>(items));
    }

    /// <summary>A type without arrays of it.</summary>
    internal void Alone(Element element)
    {
        if (element.Tag == 0 || _byTag[element.Tag] is not null)
            throw new InvalidOperationException($"{element.Type} has no tag of its own");
        _byTag[element.Tag] = element;
        _byType.Add(element.Type, element);
    }

    /// <summary>A type that is read as another.</summary>
    internal void Alias(Element element) => _byType.Add(element.Type, element);

    private void List(ArrayItems items, Func<ArrayItems, Element> list)
    {
        _itemsByTag[items.Tag] = items;
        _itemsByType.Add(items.Type, items);
        Alone(list(items));
    }
}
