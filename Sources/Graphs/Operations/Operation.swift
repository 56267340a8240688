/// The operations that networks are made of; each conforms to `GraphOperation`.
package enum Operation {}
