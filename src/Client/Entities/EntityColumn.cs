using System.ComponentModel.DataAnnotations.Schema;
using System.Globalization;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Entities;

/// <summary>
/// One property of an entity type, bound to a column of its table: what is asked of an entity goes through here, without a box.
/// </summary>
internal abstract class EntityColumn
{
    private protected EntityColumn(string entity, EntityProperty property, ColumnFacts facts, int index, ValueForm form)
    {
        (Entity, Property, Facts, Index, WireType, IsMutable) = (entity, property, facts, index, form.WireType, form.IsMutable);
        Cast = form.WireType == facts.TypeName ? "" : $"::{facts.TypeName}";
    }

    internal string Entity { get; }

    internal EntityProperty Property { get; }

    internal ColumnFacts Facts { get; }

    /// <summary>Its place in <see cref="EntityMap.Columns"/>.</summary>
    internal int Index { get; }

    /// <summary>The type that values are sent as.</summary>
    internal string WireType { get; }

    /// <summary>What stands behind a value in a statement to make it the column's type; empty when it is that already.</summary>
    internal string Cast { get; }

    internal bool IsMutable { get; }

    /// <summary>Whether the server makes the values: they are never written.</summary>
    internal bool IsComputed => Facts.IsComputed || Property.Generated == DatabaseGeneratedOption.Computed;

    /// <summary>Whether the values are arrays of an enum, which the client reads as text.</summary>
    internal bool ReadsEnums => Facts.Family == TypeFamily.Array && ValueForms.ElementOf(Property.Property.PropertyType) is { } element
        && ((Nullable.GetUnderlyingType(element) ?? element).IsEnum || element == typeof(string));

    /// <summary>Whether the server gives a value when none is sent.</summary>
    internal bool HasDefault => Facts.Default is not null || Facts.IsIdentity || Property.Generated == DatabaseGeneratedOption.Identity;

    internal string Quoted => Facts.Quoted;

    /// <summary>The value of one entity as a parameter; throws <c>ValueOutOfRange</c>.</summary>
    internal abstract Parameter One(object entity);

    /// <summary>The values of all entities as one array; throws <c>ValueOutOfRange</c>.</summary>
    internal abstract Parameter Many(ReadOnlySpan<object> entities);

    /// <summary>Whether the property has its type's default: nothing was set.</summary>
    internal abstract bool IsUnset(object entity);

    internal abstract bool IsNull(object entity);

    /// <summary>Whether both have the same value, by content.</summary>
    internal abstract bool Same(object one, object other);

    /// <summary>Gives one entity the value of another, or a copy where it can be changed in place.</summary>
    internal abstract void Copy(object from, object to);

    /// <summary>Gives an entity its type's default: nothing is set.</summary>
    internal abstract void Clear(object entity);

    /// <summary>Gives one entity the value that another has in another column of the same type.</summary>
    internal abstract void Fill(object entity, EntityColumn source, object from);

    /// <summary>Whether the value is that which another entity has in another column.</summary>
    internal abstract bool SameAs(object entity, EntityColumn other, object from);

    /// <summary>Gives one entity the number behind that of another.</summary>
    internal abstract void Advance(object from, object to);

    /// <summary>The value as a part of a key.</summary>
    internal abstract EntityKey KeyPart(object entity);

    /// <summary>A value given by a caller as a part of a key; throws <c>EntityRefused</c>.</summary>
    internal abstract EntityKey KeyPartOf(object? value);

    /// <summary>The value, boxed.</summary>
    internal abstract object? Boxed(object entity);

    /// <summary>The value as it is sent, boxed.</summary>
    internal abstract object? Sent(object entity);

    /// <summary>The value, for a failure.</summary>
    internal abstract string Show(object entity);
}

/// <summary>The same, with its types.</summary>
internal sealed class EntityColumn<TProperty, TSent> : EntityColumn where TSent : notnull
{
    private readonly Func<object, TProperty> _get;
    private readonly Action<object, TProperty> _set;
    private readonly ValueForm<TProperty, TSent> _form;
    private readonly Func<object, string?> _keyOf;

    /// <summary>Called by reflection.</summary>
    internal EntityColumn(string entity, EntityProperty property, ColumnFacts facts, int index, ValueForm<TProperty, TSent> form,
        Func<object, string?> keyOf)
        : base(entity, property, facts, index, form) =>
        (_get, _set, _form, _keyOf) = (Accessors.Getter<TProperty>(property.Property), Accessors.Setter<TProperty>(property.Property),
            form, keyOf);

    internal override Parameter One(object entity)
    {
        var value = _get(entity);
        return value is null ? Parameter.Null<TSent>() : new Parameter<TSent>(Send(value, entity));
    }

    internal override Parameter Many(ReadOnlySpan<object> entities)
    {
        var values = new TSent[entities.Length];
        bool[]? nulls = null;
        for (var i = 0; i < values.Length; i++)
        {
            var value = _get(entities[i]);
            if (value is null)
                (nulls ??= new bool[values.Length])[i] = true;
            else
                values[i] = Send(value, entities[i]);
        }
        return ArrayOf<TSent>.Instance.Make(values, nulls);
    }

    internal override bool IsUnset(object entity) => EqualityComparer<TProperty>.Default.Equals(_get(entity), default);

    internal override bool IsNull(object entity) => _get(entity) is null;

    internal override bool Same(object one, object other) => Same(_get(one), _get(other));

    internal override void Copy(object from, object to)
    {
        var value = _get(from);
        _set(to, value is null ? value : _form.Copy(value));
    }

    internal override void Clear(object entity) => _set(entity, default!);

    internal override void Fill(object entity, EntityColumn source, object from)
    {
        if (source is EntityColumn<TProperty, TSent> same)
            _set(entity, same._get(from));
        else
            _set(entity, (TProperty)Accessors.Change(source.Boxed(from), typeof(TProperty))!);
    }

    internal override bool SameAs(object entity, EntityColumn other, object from) => other is EntityColumn<TProperty, TSent> same
        ? Same(_get(entity), same._get(from))
        : Equals(_get(entity), Accessors.Change(other.Boxed(from), typeof(TProperty)));

    internal override void Advance(object from, object to) =>
        _set(to, (TProperty)Accessors.Change(Convert.ToInt64(_get(from), CultureInfo.InvariantCulture) + 1, typeof(TProperty))!);

    internal override EntityKey KeyPart(object entity)
    {
        var value = _get(entity);
        return value is null ? NullKey.Instance : KeyOf(Send(value, entity));
    }

    internal override EntityKey KeyPartOf(object? value)
    {
        if (value is null)
            throw new BrokerException(new EntityRefused(Entity, Property.Name, "a key has no null"));
        try
        {
            return KeyOf(_form.Send((TProperty)Accessors.Change(value, typeof(TProperty))!));
        }
        catch (Exception exception) when (exception is UnfitValue or InvalidCastException or OverflowException or FormatException)
        {
            throw new BrokerException(new EntityRefused(Entity, Property.Name,
                $"{Shown.Value(value)} is no value of its type ({exception.Message})"));
        }
    }

    internal override string Show(object entity)
    {
        var value = _get(entity);
        return value is null ? "null" : Shown.Value(_form.Send(value));
    }

    internal override object? Boxed(object entity) => _get(entity);

    internal override object? Sent(object entity) => _get(entity) is { } value ? _form.Send(value) : null;

    private bool Same(TProperty one, TProperty other) => one is null ? other is null : other is not null && _form.Same(one, other);

    private TSent Send(TProperty value, object entity)
    {
        try
        {
            return _form.Send(value);
        }
        catch (UnfitValue unfit)
        {
            throw Unfit(entity, unfit.Message);
        }
        catch (BrokerException refused) when (refused.Failure is ParameterRefused parameter)
        {
            throw Unfit(entity, parameter.Reason);
        }
    }

    private EntityKey<TSent> KeyOf(TSent sent) => new(_form.InKey is { } inKey ? inKey(sent) : sent);

    private BrokerException Unfit(object entity, string reason) =>
        new(new ValueOutOfRange(Entity, Property.Name, _keyOf(entity), reason));
}
